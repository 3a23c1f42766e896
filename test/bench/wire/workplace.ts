/** Where a program works on one pair: the changed files under numbers, and room for what it makes. */
import {
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Pair } from './corpus.ts';
import { type Change, sha256Of } from './tree-files.ts';

export interface Workplace {
  /**
   * Has `old/N`, `new/N` for change N, empty `out/` and `back/`, and the lists of numbers `based` (there is an old file) and
   * `fresh` (there is none).
   */
  readonly folder: string;
  readonly pair: Pair;
  readonly changes: readonly Change[];
}

export function inWorkplace<T>(
  parent: string,
  pair: Pair,
  changes: readonly Change[],
  use: (place: Workplace) => T,
): T {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'work-'));
  try {
    for (const name of ['old', 'new', 'out', 'back']) mkdirSync(join(folder, name));
    const lists = { based: '', fresh: '' };
    for (const [number, { path, base }] of changes.entries()) {
      link(join(pair.new, path), join(folder, `new/${number}`));
      if (base !== undefined) link(join(pair.old, base), join(folder, `old/${number}`));
      lists[base === undefined ? 'fresh' : 'based'] += `${number}\n`;
    }
    for (const [name, list] of Object.entries(lists)) writeFileSync(join(folder, name), list);
    return use({ folder, pair, changes });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function link(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    cpSync(from, to);
  }
}

/** Bytes of all files in a folder together. */
export function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** Which of the new files did not come out as `back/N`; '': all are right. */
export function filesDifference({ folder, changes }: Workplace): string {
  const wrong = changes.find(({ sha256 }, number) => sha256Of(readFileSync(join(folder, `back/${number}`))) !== sha256);
  return wrong ? `${wrong.path} did not come out right` : '';
}
