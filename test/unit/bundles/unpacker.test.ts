import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Unpacked, Unpacker } from '../../../service/bundles/unpacker.ts';
import type { BlobRef } from '../../../service/core/ports.ts';
import { seeded } from '../../helpers/random.ts';
import { tempFolder } from '../../helpers/temp.ts';
import { bundleBetween, treeInMemory } from '../../helpers/tree-in-memory.ts';

const random = seeded(3);
const shared = random.bytes(40_000);
const a = treeInMemory({ gone: { bytes: random.bytes(10) } });
/** The last one is made from the first, and has a frame of its own, as the middle one fills one. */
const b = treeInMemory({
  'bin/1': { bytes: shared },
  'bin/2': { bytes: random.bytes(40_000) },
  'bin/3': { bytes: Buffer.concat([shared, Buffer.from('more')]) },
});
const bundle = bundleBetween(a, b);

/** Gives all but the end of the bundle, waits, lets `meanwhile` happen, and gives the rest. */
async function unpack(t: TestContext, meanwhile: (taken: string) => void): Promise<{ end: Unpacked; got: BlobRef[] }> {
  const folder = tempFolder(t);
  const path = (name: string): string => join(folder, name);
  for (const name of ['taken', 'tree']) mkdirSync(path(name));
  writeFileSync(path('bundle'), bundle);
  writeFileSync(path('a'), a.manifest);
  const got: BlobRef[] = [];
  const unpacker = new Unpacker(
    {
      bundle: path('bundle'),
      tree: path('tree'),
      manifestA: path('a'),
      taken: path('taken'),
      expectedManifest: b.ref,
      maxNewBytes: 1 << 20,
      maxBundleBytes: bundle.length,
      out: path('out'),
    },
    (ref, file) => {
      renameSync(file, join(path('taken'), ref.sha256));
      got.push(ref);
    },
  );
  try {
    unpacker.grown({ bytes: bundle.length - 1, sizeBytes: bundle.length });
    await unpacker.settled(new AbortController().signal);
    assert.equal(got.length, 2, 'the third waits for the last byte');
    meanwhile(path('taken'));
    unpacker.grown({ bytes: bundle.length, sizeBytes: bundle.length });
    const end = await unpacker.settled(new AbortController().signal);
    for (const { sha256 } of end.kind === 'whole' ? got : [])
      assert.ok(readFileSync(join(path('taken'), sha256)).equals(b.read(sha256)));
    return { end, got };
  } finally {
    await unpacker.close();
  }
}

test('a content is made from one that came before it and was taken away long since', async (t) => {
  assert.ok(bundle.length < 82_000, `${bundle.length} bytes: what two have in common came once`);
  const { end, got } = await unpack(t, () => {});
  assert.equal(end.kind, 'whole');
  assert.equal(got.length, 3);
});

test('one that is gone or something else by then is a fault of this machine, not of the bundle', async (t) => {
  const first = (taken: string): string => join(taken, createHash('sha256').update(shared).digest('hex'));
  const { end: gone } = await unpack(t, (taken) => rmSync(first(taken)));
  assert.deepEqual([gone.kind, gone.kind === 'failed' && [gone.code, gone.blameless]], ['failed', ['IoError', true]]);
  const { end: changed } = await unpack(t, (taken) => writeFileSync(first(taken), random.bytes(40_000)));
  assert.deepEqual([changed.kind, changed.kind === 'failed' && changed.blameless], ['failed', true]);
});
