/** What two trees have in common and what not, by content. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { BaseChoice, type ContentSketch, MIN_SKETCH_BYTES, sketchOf } from '../../../service/delta/base-choice.ts';

/** A content that the newer tree has and the older one has nowhere. */
export interface Change {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Of the old file it is best made from; every program is given the same. Undefined: there is none. */
  readonly base: string | undefined;
  readonly baseSha256: string | undefined;
  readonly baseBytes: number;
}

interface Content {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Paths of the regular files below `root`, relative to it, sorted. */
export function filesOf(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesOf(root, path) : entry.isFile() ? [path] : [];
    });
}

/** Each new content once, in the order of the paths. */
export function changesOf(oldRoot: string, newRoot: string): Change[] {
  const [before, after] = [contents(oldRoot), contents(newRoot)];
  const known = new Set(before.map(({ sha256 }) => sha256));
  const staying = new Set(after.map(({ sha256 }) => sha256));
  const candidates = before.map(({ path, sha256, sizeBytes }) => ({ path, sizeBytes, stays: staying.has(sha256) }));
  const choice = new BaseChoice(candidates);
  const sketches = new Map<number, ContentSketch>();
  const sketchOfOld = (index: number): ContentSketch | undefined => {
    const file = before[index];
    if (!file || file.sizeBytes < MIN_SKETCH_BYTES) return undefined;
    const sketch = sketches.get(index) ?? sketchOf(readFileSync(join(oldRoot, file.path)));
    sketches.set(index, sketch);
    return sketch;
  };
  return after.flatMap(({ path, sha256, sizeBytes }) => {
    if (known.has(sha256)) return [];
    known.add(sha256);
    const wanted = (): ContentSketch => sketchOf(readFileSync(join(newRoot, path)));
    const index = choice.choose(path, sizeBytes, { old: sketchOfOld, wanted });
    const found = index === undefined ? undefined : before[index];
    // The other programs cannot start from an empty file.
    const base = found && found.sizeBytes > 0 && sizeBytes > 0 ? found : undefined;
    return [{ path, sha256, sizeBytes, base: base?.path, baseSha256: base?.sha256, baseBytes: base?.sizeBytes ?? 0 }];
  });
}

function contents(root: string): Content[] {
  return filesOf(root).map((path) => {
    const bytes = readFileSync(join(root, path));
    return { path, sha256: sha256Of(bytes), sizeBytes: bytes.length };
  });
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What differs between a tree and what a program made of it: files, their content, links. '': nothing. */
export function treeDifference(wanted: string, made: string): string {
  const [left, right] = [fingerprints(wanted), fingerprints(made)];
  for (const [path, fingerprint] of left) {
    if (right.get(path) !== fingerprint) return `${path} is not as in the newer tree`;
    right.delete(path);
  }
  const [extra] = right.keys();
  return extra === undefined ? '' : `${extra} is not in the newer tree`;
}

function fingerprints(root: string, folder = '', found = new Map<string, string>()): Map<string, string> {
  for (const name of readdirSync(join(root, folder))) {
    const path = join(folder, name);
    const full = join(root, path);
    const stat = lstatSync(full);
    if (stat.isDirectory()) fingerprints(root, path, found);
    else if (stat.isSymbolicLink()) found.set(path, `-> ${readlinkSync(full)}`);
    else if (stat.isFile()) found.set(path, sha256Of(readFileSync(full)));
  }
  return found;
}
