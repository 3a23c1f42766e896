import type { Entry, FileEntry } from '../core/entry.ts';
import type { BlobRef, Sha256 } from '../core/ports.ts';
import { BaseChoice } from './base-choice.ts';

/**
 * For a content of the new tree the old file of the same name, or of the same with another version in it. Publisher and
 * laptop choose alike, so the one makes the difference that the other asks for.
 */
export function baseByName(
  old: readonly Entry[],
  target: readonly Entry[],
): (content: BlobRef) => FileEntry | undefined {
  const oldFiles = old.filter((entry) => entry.type === 'file');
  const files = filesBySha(target);
  const choice = new BaseChoice(
    oldFiles.map(({ path, sizeBytes, sha256 }) => ({ path, sizeBytes, stays: files.has(sha256) })),
  );
  return ({ sha256, sizeBytes }) => {
    const path = files.get(sha256)?.path;
    if (path === undefined) return undefined;
    const index = choice.choose(path, sizeBytes, { old: () => undefined, wanted: () => undefined });
    return index === undefined ? undefined : oldFiles[index];
  };
}

/** One file with each content, the first by path. */
export function filesBySha(entries: readonly Entry[]): ReadonlyMap<Sha256, FileEntry> {
  const files = new Map<Sha256, FileEntry>();
  for (const entry of entries) if (entry.type === 'file' && !files.has(entry.sha256)) files.set(entry.sha256, entry);
  return files;
}
