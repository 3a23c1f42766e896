/** Pairs of trees in memory, and bundles between them, right and damaged. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { edited, structuredBytes } from './edited.ts';
import type { Random } from './random.ts';
import { bundleBetween, type FileInMemory, type TreeInMemory, treeInMemory, unbundle } from './tree-in-memory.ts';

/** One text in two versions. */
export const old = Buffer.from('one old text, long enough to be worth a difference; '.repeat(100));
export const changed = Buffer.concat([old.subarray(0, 2000), Buffer.from('and here it changed'), old.subarray(2000)]);

/** The bundle from `a` to `b`, after it brought `wanted` contents of `b`, byte for byte. */
export function assertCarries(a: TreeInMemory, b: TreeInMemory, wanted: number): Buffer {
  const bundle = bundleBetween(a, b);
  const contents = unbundle(a, b, bundle);
  assert.equal(contents.size, wanted);
  for (const [sha256, bytes] of contents) {
    assert.ok(bytes.equals(b.read(sha256)), sha256);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
  }
  return bundle;
}

/** A tree of some files, and one made from it by edits, renames, removals and additions. */
export function randomPair(random: Random): [TreeInMemory, TreeInMemory] {
  const a: Record<string, FileInMemory> = {};
  const b: Record<string, FileInMemory> = {};
  for (let i = 0; i < 2 + random.integer(8); i++) {
    const name = `d${random.integer(3)}/lib${i}.so.${random.integer(20)}`;
    const bytes = structuredBytes(random, random.integer(1500));
    a[name] = { bytes, time: random.integer(3) };
    const fate = random.integer(6);
    if (fate === 0) continue;
    if (fate === 1) b[`d${random.integer(3)}/lib${i}.so.${random.integer(20)}`] = { bytes: edited(random, bytes, 2) };
    else if (fate === 2) b[name] = { bytes, time: random.integer(3) };
    else if (fate === 3) b[`moved/${i}`] = { bytes, time: 4 };
    else b[name] = { bytes: edited(random, bytes, 1 + random.integer(3)), time: random.integer(3) };
    if (random.integer(4) === 0) b[`copies/${i}`] = { bytes: b[name]?.bytes ?? bytes };
  }
  return [treeInMemory(a), treeInMemory(b)];
}

/** A damaged copy of `bundle`: cut, spliced with `other`, with bytes put in, with a huge number in its head, or a bit turned. */
export function mutatedBundle(random: Random, bundle: Buffer, other: Buffer): Buffer {
  const bad = Buffer.from(bundle);
  const at = random.integer(bad.length);
  switch (random.integer(5)) {
    case 0:
      return bad.subarray(0, at);
    case 1:
      return Buffer.concat([bad.subarray(0, at), other.subarray(random.integer(other.length))]);
    case 2:
      return Buffer.concat([bad.subarray(0, at), random.bytes(1 + random.integer(8)), bad.subarray(at)]);
    case 3:
      bad[Math.min(8 + random.integer(8), bad.length - 1)] = 255;
      return bad;
    default:
      bad[at] = (bad[at] ?? 0) ^ (1 << random.integer(8));
      return bad;
  }
}
