import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { seeded } from '../../helpers/random.ts';
import { bundleBetween, type FileInMemory, treeInMemory, unbundle } from '../../helpers/tree-in-memory.ts';

const random = seeded(31);
const NAMES = Array.from({ length: 60 }, (_, i) => `usr/share/zoneinfo/zone-${i}`);

/** A package's files, and Debian's list of their sums. `listed`: as the package names a file. */
function packaged(files: ReadonlyMap<string, Buffer>, time: number, listed = (name: string): string => name) {
  const sum = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
  const lines = [...files].map(([name, bytes]) => `${sum(bytes)}  ${listed(name)}\n`);
  const tree: Record<string, FileInMemory> = {
    'var/lib/dpkg/info/zones.md5sums': { bytes: Buffer.from(lines.join('')), time },
  };
  for (const [name, bytes] of files) tree[name] = { bytes, time };
  return tree;
}

function cost(before: Record<string, FileInMemory>, after: Record<string, FileInMemory>): number {
  const [a, b] = [treeInMemory(before), treeInMemory(after)];
  const bundle = bundleBetween(a, b);
  for (const [sha256, bytes] of unbundle(a, b, bundle)) assert.ok(bytes.equals(b.read(sha256)));
  return bundle.length;
}

const old = new Map(NAMES.map((name) => [name, random.bytes(400)]));
const changed = new Map(
  [...old].map(([name, bytes], i) => [name, i % 2 === 0 ? Buffer.concat([bytes, Buffer.from('+')]) : bytes]),
);
const LIST = 'var/lib/dpkg/info/zones.md5sums';

test('the sums in a list of a package follow from the files that came before it', () => {
  const [before, after] = [packaged(old, 1), packaged(changed, 2)];
  const { [LIST]: list, ...files } = after;
  const without = cost(before, { ...files, [LIST]: before[LIST] ?? { bytes: Buffer.alloc(0) } });
  assert.ok(list);
  const bundle = cost(before, after);
  assert.ok(bundle - without < 20, `${bundle - without} bytes for 30 sums`);
});

test('so do those of files that the package names without usr', () => {
  const short = (name: string): string => name.slice('usr/'.length);
  const [before, after] = [packaged(old, 1, short), packaged(changed, 2, short)];
  assert.ok(Math.abs(cost(before, after) - cost(packaged(old, 1), packaged(changed, 2))) < 8);
});

test('sums that are wrong, lists of another kind and files that are not there cost bytes at most', () => {
  const wrong = (tree: Record<string, FileInMemory>, text: string): Record<string, FileInMemory> => ({
    ...tree,
    [LIST]: { bytes: Buffer.concat([Buffer.from(text), tree[LIST]?.bytes ?? Buffer.alloc(0)]), time: 2 },
  });
  const [before, after] = [packaged(old, 1), packaged(changed, 2)];
  for (const text of [
    `${'0'.repeat(32)}  ${NAMES[0]}\n`,
    `${'a'.repeat(32)}  gone\n`,
    'no list\n',
    '\n\n',
    '\0'.repeat(100),
  ]) {
    cost(wrong(before, text), after);
    cost(before, wrong(after, text));
  }
  cost(after, before);
  cost({}, after);
});
