/** A disk of 1 GB with a tree of 600 MB: what fits is updated, what does not is refused beforehand, and it is never full. */
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../bench/measure.ts';
import { serve } from '../helpers/blobs.ts';
import { fileSystemMissing, mountFileSystem } from '../helpers/file-systems.ts';
import { publishTrees, TestLaptop } from '../helpers/published.ts';
import { memoryFolder } from '../powercut/logged-disk.ts';

const FILES = 60;
const FILE_BYTES = 10_000_000;
/** What `deploy/space.ts` keeps free for everything else, less what the file system itself moves. */
const LEAST_FREE_BYTES = 12 << 20;
const LOOK_MS = 50;

/** As random as can be, and quick. */
function content(version: number, index: number): Buffer {
  const key = Buffer.alloc(16, `${version}.${index}.`);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(FILE_BYTES));
}

/** The tree before with its first `changed` files changed; the others are the same inodes. */
function makeTree(folder: string, version: number, changed: number): string {
  const tree = join(folder, `tree-${version}`);
  if (version === 6) mkdirSync(tree);
  else run('cp', '-al', join(folder, `tree-${version - 1}`), tree);
  for (let index = 0; index < changed; index++) {
    const file = join(tree, `large-${String(index).padStart(2, '0')}`);
    rmSync(file, { force: true });
    writeFileSync(file, content(version, index));
  }
  return tree;
}

test('600 MB on 1 GB: 200 MB of changes fit, 500 MB are refused with both numbers before a byte came', {
  skip: fileSystemMissing('ext4'),
}, async (t) => {
  const folder = mkdtempSync(join(memoryFolder(), 'ripple-space-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const published = await publishTrees(folder, [
    [6, makeTree(folder, 6, FILES)],
    [7, makeTree(folder, 7, 20)],
    [8, makeTree(folder, 8, 50)],
  ]);
  const server = await serve(t, published.repository);
  const disk = mountFileSystem(t, 'ext4', 1_000_000_000, memoryFolder());
  const laptop = await TestLaptop.make(t, {
    folder: join(disk, 'laptop'),
    published,
    config: { origins: [server.url], 'bundles.space': 0 },
  });
  const freeBytes = (): number => statfsSync(disk).bavail * statfsSync(disk).bsize;
  let leastBytes = freeBytes();
  const watch = setInterval(() => {
    leastBytes = Math.min(leastBytes, freeBytes());
  }, LOOK_MS);
  t.after(() => clearInterval(watch));

  await laptop.virtual.start();
  await laptop.ok('get', '7');
  await laptop.ok('accept', '7');
  await laptop.virtual.restart();
  laptop.assertTree(published, 7);

  const [before, given] = [freeBytes(), server.givenBytes()];
  const refused = await laptop.run('get', '8');
  assert.equal(refused.status, 1);
  const [, needed = '', free = ''] =
    /not enough room on \S+: (\d+) bytes needed, (\d+) free/.exec(refused.stderr) ?? [];
  assert.ok(Number(needed) > 500_000_000 && Number(free) < 500_000_000, refused.stderr);
  assert.ok(server.givenBytes() - given < 1_000_000, 'no file was fetched');
  assert.ok(before - freeBytes() < 1_000_000);
  assert.deepEqual(
    readdirSync(join(laptop.virtual.sysroot, 'rootfs')).filter((name) => name.startsWith('xo.')),
    ['xo.6', 'xo.7'],
  );
  clearInterval(watch);
  t.diagnostic(`${Math.round(leastBytes / 1e6)} MB were free at least; 8 needs ${needed}, ${free} are free`);
  assert.ok(leastBytes >= LEAST_FREE_BYTES, `only ${leastBytes} bytes were free`);
  laptop.assertTree(published, 6);
  await laptop.virtual.stop();
});
