import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BaseChoice, type OldCandidate, overlapOf, sketchOf } from '../../../service/delta/base-choice.ts';
import { edited } from '../../helpers/edited.ts';
import { seeded } from '../../helpers/random.ts';

interface OldFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly stays?: boolean;
}

/** The path of the file that is chosen, and how many old files had to be read for it. */
function choose(old: readonly OldFile[], path: string, bytes: Uint8Array): { from: string | undefined; read: number } {
  let read = 0;
  const candidates: OldCandidate[] = old.map(({ path: from, bytes: content, stays = false }) => ({
    path: from,
    sizeBytes: content.length,
    stays,
  }));
  const index = new BaseChoice(candidates).choose(path, bytes.length, {
    old: (i) => {
      read++;
      return sketchOf(old[i]?.bytes ?? new Uint8Array(0));
    },
    wanted: () => sketchOf(bytes),
  });
  return { from: index === undefined ? undefined : old[index]?.path, read };
}

const random = seeded(4);
const file = (length = 20_000): Buffer => random.bytes(length);

test('the same path is the base, whatever is in it', () => {
  const bytes = file();
  const old = [
    { path: './a', bytes },
    { path: './b', bytes: file() },
  ];
  assert.deepEqual(choose(old, './b', bytes), { from: './b', read: 0 });
});

test('another soname or version in the name or in a folder is the same thing', () => {
  const names = [
    ['./usr/lib/libssl.so.1.1', './usr/lib/libssl.so.3'],
    ['./usr/lib/libpng16.so.16.39.0', './usr/lib/libpng16.so.16.40.1'],
    ['./lib/modules/6.1.0-18-amd64/kernel/fs/ext4.ko', './lib/modules/6.1.0-22-amd64/kernel/fs/ext4.ko'],
    ['./lib/libz.so.1.2.13', './usr/lib/x86_64-linux-gnu/libz.so.1.3.1'],
  ] as const;
  const old = names.map(([path]) => ({ path, bytes: file(8000) }));
  for (const [from, to] of names) assert.deepEqual(choose(old, to, file(8000)), { from, read: 0 });
});

test('of several namesakes the one that goes away is chosen, then the nearest path', () => {
  const bytes = file(5000);
  const old = [
    { path: './usr/lib/a/plugin.so.1', bytes, stays: true },
    { path: './usr/lib/b/plugin.so.1', bytes },
    { path: './usr/lib/c/plugin.so.1', bytes },
  ];
  assert.equal(choose(old, './usr/lib/a/plugin.so.2', bytes).from, './usr/lib/a/plugin.so.1');
  assert.equal(choose(old, './usr/lib/d/plugin.so.2', bytes).from, './usr/lib/b/plugin.so.1');
  assert.equal(choose(old, './usr/lib/c/x/plugin.so.2', bytes).from, './usr/lib/c/plugin.so.1');
});

test('a renamed file is found by what is in it', () => {
  const old = Array.from({ length: 6 }, (_, i) => ({ path: `./old/${'abcdef'[i]}`, bytes: file() }));
  const renamed = edited(random, Buffer.from(old[3]?.bytes ?? []), 5);
  assert.equal(choose(old, './new/name', renamed).from, './old/d');
});

test('both halves of a split file are made from the whole', () => {
  const whole = file(40_000);
  const old = [
    { path: './unrelated', bytes: file(40_000) },
    { path: './whole', bytes: whole },
  ];
  assert.equal(choose(old, './first', whole.subarray(0, 20_000)).from, './whole');
  assert.equal(choose(old, './second', whole.subarray(20_000)).from, './whole');
});

test('nothing alike: no base; a small file is not worth a look', () => {
  const old = [{ path: './old', bytes: file() }];
  assert.equal(choose(old, './new', file()).from, undefined);
  assert.deepEqual(choose(old, './new', file(4000)), { from: undefined, read: 0 });
});

test('a sketch is about what is in a file, not where', () => {
  const bytes = file(30_000);
  const moved = Buffer.concat([bytes.subarray(10_001), bytes.subarray(0, 10_001)]);
  const { common, of } = overlapOf(sketchOf(bytes), sketchOf(moved));
  assert.ok(common > 0.95 * of && of > 400, `${common} of ${of}`);
  assert.ok(overlapOf(sketchOf(bytes), sketchOf(file(30_000))).common < 3);
  assert.equal(sketchOf(Buffer.alloc(5)).hashes.length, 0);
});
