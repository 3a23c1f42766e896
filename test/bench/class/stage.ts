/** What every way of the contest has: the trees, the repository, a room on a disk of memory. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseManifest } from '../../../service/image/manifest.ts';
import { manifestOf, type Published, publishTrees } from '../../helpers/published.ts';
import { makeSeededTrees } from '../../helpers/seeded-trees.ts';
import { randomBytesOf } from '../generated.ts';
import type { ClassSetup } from './figures.ts';

export const [OLD, NEW] = [6, 7] as const;
export const SERVER_BITS = 10_000_000;
export const DEFAULT_SLOTS = 4;
const FILE_BYTES = 200_000;
const SIZE = { smallFiles: 2_000, largeFiles: 0, largeBytes: 0, changedOneIn: 40 };

export interface Stage {
  readonly folder: string;
  readonly older: string;
  readonly newer: string;
  readonly published: Published;
  readonly setup: ClassSetup;
  close(): void;
}

/** @param megabytes new content; it cannot be compressed, so that nobody's compression is measured. */
export async function openStage(megabytes: number): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'ripple-bench-class-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=75%', 'tmpfs', folder]);
  const { older, newer } = makeSeededTrees(folder, 3, SIZE);
  for (let i = 0; i < (megabytes * 1e6) / FILE_BYTES; i++)
    writeFileSync(join(newer, `usr/new-${i}`), randomBytesOf(FILE_BYTES));
  const published = await publishTrees(folder, [
    [OLD, older],
    [NEW, newer],
  ]);
  const manifest = readFileSync(manifestOf(published, NEW));
  const here = filesOf(readFileSync(manifestOf(published, OLD)));
  const all = filesOf(manifest);
  const lacking = [...all].filter(([sha256]) => !here.has(sha256));
  return {
    folder,
    older,
    newer,
    published,
    setup: {
      contentBytes: lacking.reduce((sum, [, bytes]) => sum + bytes, 0),
      blobs: lacking.length,
      manifestBytes: manifest.length,
      files: all.size,
      serverBitsPerSecond: SERVER_BITS,
      slots: DEFAULT_SLOTS,
      laptopBitsPerSecond: 0,
      cores: cpus().length,
      loadAtStart: loadavg()[0] ?? 0,
    },
    close: () => {
      execFileSync('umount', ['--lazy', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function filesOf(manifest: Uint8Array): ReadonlyMap<string, number> {
  const files = parseManifest(manifest).flatMap((entry) =>
    entry.type === 'file' ? [[entry.sha256, entry.sizeBytes] as const] : [],
  );
  return new Map(files);
}
