import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeBundleFile } from '../../../service/bundles/make.ts';
import { decodeBundle } from '../../../service/delta/bundle/index.ts';
import { memorySource } from '../../../service/delta/byte-source.ts';
import { decodeDiff } from '../../../service/delta/ripdiff/index.ts';
import { blobSide } from '../../../service/publish/bundles.ts';
import { type PublishOptions, publish } from '../../../service/publish/publish.ts';
import { writeSignedMessage } from '../../../service/sign/packets.ts';
import { Repository } from '../../../service/store/repository.ts';
import { seeded } from '../../helpers/random.ts';
import { ripple, rippleOk } from '../../helpers/ripple.ts';
import { tempFolder } from '../../helpers/temp.ts';
import { basesFrom } from '../../helpers/tree-in-memory.ts';

const unsigned = async (payload: Uint8Array): Promise<Uint8Array> => writeSignedMessage(payload, []);

function setUp(t: TestContext): { tree: string; repository: Repository; options: Omit<PublishOptions, 'version'> } {
  const folder = tempFolder(t);
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  writeFileSync(join(tree, 'bin/tool'), seeded(1).bytes(50_000));
  writeFileSync(join(tree, 'bin/old-name'), seeded(2).bytes(50_000));
  const repository = new Repository(join(folder, 'repository'));
  return { tree, repository, options: { tree, repository, image: 'xo', sign: unsigned } };
}

function change(tree: string): void {
  writeFileSync(join(tree, 'bin/tool'), Buffer.concat([Buffer.from('new'), seeded(1).bytes(50_000)]));
  renameSync(join(tree, 'bin/old-name'), join(tree, 'bin/new-name'));
}

test('publish --diff-from makes a bundle that leads to the manifest of the release', async (t) => {
  const { tree, repository, options } = setUp(t);
  const six = await publish({ ...options, version: 6 });
  change(tree);
  const phases = new Set<string>();
  const seven = await publish({ ...options, version: 7, diffFrom: [6] }, ({ phase }) => phases.add(phase));
  assert.ok(phases.has('bundle'));
  assert.deepEqual(
    seven.bundles.map(({ from }) => from),
    [6],
  );
  assert.ok(seven.bundleBytes > 0 && seven.bundleBytes < 1000, `${seven.bundleBytes} bytes`);
  assert.equal(seven.bundles[0]?.blobBytes, 50_003 + seven.manifest.sizeBytes);

  const folder = join(repository.root, 'bundles');
  const name = `${six.manifest.sha256}-${seven.manifest.sha256}`;
  assert.deepEqual(readdirSync(folder), [name]);
  const blob = (sha256: string): Buffer => readFileSync(repository.blobPath(sha256));
  const { contents } = decodeBundle({
    manifestA: readFileSync(repository.blobPath(six.manifest.sha256)),
    bundle: readFileSync(join(folder, name)),
    expectedManifest: seven.manifest,
    maxNewBytes: 1 << 20,
    maxContents: 10,
    base: basesFrom(blob, blob),
    data: () => {},
  });
  assert.deepEqual(
    contents.map(({ sha256 }) => sha256),
    [
      createHash('sha256')
        .update(readFileSync(join(tree, 'bin/tool')))
        .digest('hex'),
    ],
  );
});

test('a bundle can be added to a version that is published; what a crash left goes', async (t) => {
  const { tree, repository, options } = setUp(t);
  await publish({ ...options, version: 6 });
  change(tree);
  await publish({ ...options, version: 7 });
  mkdirSync(join(repository.root, 'bundles'));
  writeFileSync(join(repository.root, 'bundles/.new-crashed'), 'half');
  const again = await publish({ ...options, version: 7, diffFrom: [6] });
  assert.ok(again.unchanged && again.bundleBytes > 0);
  assert.equal(readdirSync(join(repository.root, 'bundles')).length, 1);
});

test('--file-diffs adds the differences of single large files, each once', async (t) => {
  const { tree, repository, options } = setUp(t);
  await publish({ ...options, version: 6 });
  const old = readFileSync(join(tree, 'bin/tool'));
  change(tree);
  writeFileSync(join(tree, 'bin/unlike'), seeded(3).bytes(50_000));
  const target = readFileSync(join(tree, 'bin/tool'));
  const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  for (let time = 0; time < 2; time++) {
    const seven = await publish({ ...options, version: 7, diffFrom: [6], fileDiffs: true });
    assert.equal(seven.fileDiffs, 1);
    const diff = readFileSync(join(repository.blobs, `${sha(old)}-${sha(target)}`));
    assert.equal(seven.fileDiffBytes, diff.length);
    const parts: Buffer[] = [];
    decodeDiff(old, memorySource(diff), (bytes) => parts.push(Buffer.from(bytes)), { maxNewBytes: target.length });
    assert.ok(Buffer.concat(parts).equals(target));
  }
  assert.equal(readdirSync(repository.blobs).filter((name) => name.includes('-')).length, 1);
});

test('a bundle that became larger than the blobs is given up', async (t) => {
  const { tree, repository, options } = setUp(t);
  const six = await publish({ ...options, version: 6 });
  change(tree);
  const seven = await publish({ ...options, version: 7 });
  const out = join(repository.root, 'out');
  const sides = { from: blobSide(repository, six.manifest), to: blobSide(repository, seven.manifest) };
  const make = (maxBytes: number): Promise<number | undefined> =>
    makeBundleFile({ ...sides, out, maxBytes, inBackground: false });
  assert.equal(await make(20), undefined);
  assert.equal(existsSync(out), false);
  assert.equal(await make(100_000), statSync(out).size);
});

test('a damaged blob is named, and nothing is left behind', async (t) => {
  const { tree, repository, options } = setUp(t);
  await publish({ ...options, version: 6 });
  const old = repository.blobPath(
    createHash('sha256')
      .update(readFileSync(join(tree, 'bin/tool')))
      .digest('hex'),
  );
  writeFileSync(old, Buffer.alloc(50_000));
  change(tree);
  await assert.rejects(publish({ ...options, version: 7, diffFrom: [6] }), { code: 'IoError', message: /damaged/ });
  assert.deepEqual(readdirSync(join(repository.root, 'bundles')), []);
  assert.equal(await repository.readDocument(repository.releasePath('xo', 7)), undefined);
});

test('an unknown version, the version itself and no number are refused in one line', async (t) => {
  const { tree, repository, options } = setUp(t);
  await publish({ ...options, version: 6 });
  await assert.rejects(publish({ ...options, version: 7, diffFrom: [6, 4] }), {
    code: 'UnknownVersion',
    message: `xo 4 is not in ${repository.root}; there are: 6`,
  });
  await assert.rejects(publish({ ...options, version: 7, diffFrom: [7] }), { code: 'InvalidArgument' });
  const stop = new AbortController();
  change(tree);
  await assert.rejects(
    publish({ ...options, version: 7, diffFrom: [6], signal: stop.signal }, ({ phase }) => {
      if (phase === 'bundle' || phase === 'write') stop.abort();
    }),
    { code: 'Cancelled' },
  );
  assert.deepEqual(await repository.versions('xo'), [6]);
});

test('ripple publish --diff-from on the command line', async (t) => {
  const { tree } = setUp(t);
  const folder = tempFolder(t);
  const [key, repo] = [join(folder, 'key'), join(folder, 'repo')];
  await rippleOk(['keygen', '--out', key, '--name', 'T']);
  const publishing = ['publish', tree, '--repo', repo, '--image', 'xo', '--key', key, '--version'];
  await rippleOk([...publishing, '6']);
  change(tree);
  const wrong = await ripple([...publishing, '7', '--diff-from', '5']);
  assert.equal(wrong.status, 1);
  assert.equal(wrong.stderr.trim().split('\n').length, 1);
  assert.equal((await ripple([...publishing, '7', '--diff-from', 'six'])).status, 2);
  const told: { bundleBytes: number } = JSON.parse(await rippleOk([...publishing, '7', '--diff-from', '6', '--json']));
  assert.ok(told.bundleBytes > 0);
});
