import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseManifest } from '../../../service/image/manifest.ts';
import { publish } from '../../../service/publish/publish.ts';
import { writeSignedMessage } from '../../../service/sign/packets.ts';
import { Repository } from '../../../service/store/repository.ts';
import { oddTree } from '../../helpers/odd-tree.ts';
import { TestSysroot, xo } from '../../helpers/sysroot.ts';
import { tempFolder } from '../../helpers/temp.ts';

test('a deployed odd tree publishes as the manifest it was deployed from, and what was published deploys the same again', {
  skip: process.getuid?.() === 0 ? false : 'needs root',
}, async (t) => {
  const odd = oddTree();
  const first = new TestSysroot(tempFolder(t));
  first.fill(odd);
  await first.stage(7, odd);

  const publishFrom = async (sysroot: TestSysroot) => {
    const repository = new Repository(join(tempFolder(t), 'repository'));
    const sign = async (payload: Uint8Array): Promise<Uint8Array> => writeSignedMessage(payload, []);
    const tree = sysroot.layout.deployment(xo(7));
    const { manifest } = await publish({ tree, repository, image: 'xo', version: 7, sign });
    return { repository, manifest };
  };
  const { repository, manifest } = await publishFrom(first);
  const entries = parseManifest(readFileSync(repository.blobPath(manifest.sha256)));
  assert.deepEqual(entries, odd.entries);

  const second = new TestSysroot(tempFolder(t));
  const blobs = new Map(readdirSync(repository.blobs).map((name) => [name, readFileSync(repository.blobPath(name))]));
  second.fill({ entries, blobs });
  await second.stage(7, { entries, blobs });
  assert.deepEqual((await publishFrom(second)).manifest, manifest);
});
