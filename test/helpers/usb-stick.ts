/** Sticks as `ripple usb export` makes them. */
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Published, publishTrees } from './published.ts';
import { rippleOk } from './ripple.ts';
import { makeSeededTrees } from './seeded-trees.ts';
import { tempFolder } from './temp.ts';

export interface Sticks {
  /** Holds `tree-6` and `tree-7`, and what was made from them; gone when the process ends. */
  readonly folder: string;
  readonly published: Published;
  /** A stick with version 7, as `ripple usb export` made it. */
  readonly master: string;
}

const SIZE = { smallFiles: 20, largeFiles: 1, largeBytes: 150_000, changedOneIn: 2 };

/** Publishes versions 6 and 7 and exports the newer. */
export async function makeSticks(): Promise<Sticks> {
  const folder = tempFolder({ after: (end: () => void) => process.once('exit', end) }, 'usb');
  const trees = makeSeededTrees(folder, 5, SIZE);
  const published = await publishTrees(folder, [
    [6, trees.older],
    [7, trees.newer],
  ]);
  const master = join(folder, 'master');
  mkdirSync(master);
  await rippleOk(['usb', 'export', master, '--repo', published.repository]);
  return { folder, published, master };
}

/** A stick with the same on it, to be spoilt. */
export function copyOf({ master }: Sticks, t: Parameters<typeof tempFolder>[0]): string {
  const stick = tempFolder(t, 'stick');
  cpSync(master, stick, { recursive: true });
  return stick;
}

/** Paths of the blobs on a stick. */
export function blobs(stick: string): string[] {
  return readdirSync(join(stick, 'blobs')).flatMap((fan) =>
    readdirSync(join(stick, 'blobs', fan)).map((name) => join(stick, 'blobs', fan, name)),
  );
}

/** `ripple usb import` of `stick` into the repository `repo`, by the keyring of who published. */
export const importArgs = ({ published }: Sticks, stick: string, repo: string, ...more: readonly string[]) => [
  'usb',
  'import',
  stick,
  '--repo',
  repo,
  '--keyring',
  published.keyring,
  ...more,
];
