/** Two versions of a tree that differ as an update does, made from a seed: many small files, some large ones. */
import { execFileSync } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { seeded } from './random.ts';

export interface SeededSize {
  readonly smallFiles: number;
  readonly largeFiles: number;
  readonly largeBytes: number;
  /** One in so many files is another one in the newer tree. */
  readonly changedOneIn: number;
}

/** About 30 MB, of which a third changes. */
export const CLASSROOM_SIZE: SeededSize = { smallFiles: 1500, largeFiles: 36, largeBytes: 600_000, changedOneIn: 3 };
/** A few hundred kilobytes, for tests of what goes wrong and not of how much. */
export const SMALL_SIZE: SeededSize = { smallFiles: 40, largeFiles: 2, largeBytes: 150_000, changedOneIn: 2 };

const SMALL_MOST_BYTES = 8_000;

export interface SeededTrees {
  readonly older: string;
  readonly newer: string;
}

export function makeSeededTrees(folder: string, seed: number, size: SeededSize): SeededTrees {
  const random = seeded(seed);
  const [older, newer] = [join(folder, 'tree-6'), join(folder, 'tree-7')];
  const files = [
    ...Array.from({ length: size.smallFiles }, (_, i) => ({
      path: `usr/share/d${i % 40}/small-${i}`,
      bytes: 1 + random.integer(SMALL_MOST_BYTES),
    })),
    ...Array.from({ length: size.largeFiles }, (_, i) => ({
      path: `usr/lib/large-${i}.so`,
      bytes: Math.floor(size.largeBytes * (0.5 + random.integer(1000) / 1000)),
    })),
  ];
  for (const [index, file] of files.entries()) write(join(older, file.path), content(seed, index, file.bytes));
  write(join(older, 'etc/version'), Buffer.from('6\n'));
  // cp keeps times to the nanosecond, which Node's own copy does not.
  execFileSync('cp', ['-a', older, newer]);
  for (const [index, file] of files.entries()) {
    if (index % size.changedOneIn !== 0) continue;
    write(join(newer, file.path), content(seed + 1, index, file.bytes));
  }
  rmSync(join(newer, 'usr/share/d1/small-1'));
  write(join(newer, 'usr/share/d1/new'), content(seed + 1, files.length, 5_000));
  write(join(newer, 'etc/version'), Buffer.from('7\n'));
  return { older, newer };
}

function write(path: string, bytes: Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

/** The key stream of a cipher: as random as can be, the same every time, and fast. */
function content(seed: number, index: number, bytes: number): Buffer {
  const key = createHash('sha256').update(`${seed} ${index}`).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
