/** A publisher's repository with several versions, and school servers that follow it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../service/daemon/daemon.ts';
import { SchoolMirror, type SchoolMirrorOptions } from '../../service/daemon/school-mirror.ts';
import { VirtualLaptop } from '../../service/demo/virtual-laptop.ts';
import { HttpSource } from '../../service/fetch/http-source.ts';
import { Repository } from '../../service/store/repository.ts';
import { structuredBytes } from './edited.ts';
import { manifestOf, type Published, publishTrees } from './published.ts';
import { seeded } from './random.ts';
import { rippleOk } from './ripple.ts';
import { tempFolder } from './temp.ts';

export const LARGE_BYTES = 700_000;

/** Versions 5 … `newest`, one from the other; `large` is another file in each, that only this version has. */
export async function publishSeries(folder: string, newest: number): Promise<Published> {
  for (let version = 5; version <= newest; version++) nextTree(folder, version);
  return publishTrees(folder, [[5, join(folder, 'tree-5')]]).then(async (published) => {
    for (let version = 6; version <= newest; version++) await publishNext(folder, published, version, false);
    return published;
  });
}

/** One more version; `bundles`: and bundles to it from the two before. */
export async function publishNext(
  folder: string,
  { repository, key, image }: Published,
  version: number,
  bundles: boolean,
): Promise<void> {
  const tree = nextTree(folder, version);
  const from = bundles ? [version - 1, version - 2].flatMap((base) => ['--diff-from', `${base}`]) : [];
  await rippleOk([
    'publish',
    tree,
    '--repo',
    repository,
    '--image',
    image,
    '--version',
    `${version}`,
    '--key',
    key,
    ...from,
  ]);
}

function nextTree(folder: string, version: number): string {
  const tree = join(folder, `tree-${version}`);
  if (version === 5) {
    mkdirSync(join(tree, 'usr/lib'), { recursive: true });
    for (let i = 0; i < 3; i++) writeFileSync(join(tree, `usr/lib/lib${i}.so.1`), structuredBytes(seeded(i), 30_000));
    writeFileSync(join(tree, 'usr/lib/empty'), '');
  } else {
    try {
      execFileSync('cp', ['-a', '-n', '-T', join(folder, `tree-${version - 1}`), tree]);
    } catch {}
    appendFileSync(join(tree, `usr/lib/lib${version % 3}.so.1`), `now version ${version}`);
  }
  writeFileSync(join(tree, 'usr/lib/large'), seeded(100 + version).bytes(LARGE_BYTES));
  writeFileSync(join(tree, 'usr/lib/release'), `${version}\n`);
  return tree;
}

/** What it logged, a line each. */
export interface TestMirror {
  readonly mirror: SchoolMirror;
  readonly repository: string;
  readonly log: string[];
}

/** The mirror of a school server over the folder `root`, without the daemon around it. */
export function mirrorAt(root: string, published: Published, change: Partial<SchoolMirrorOptions> = {}): TestMirror {
  const log: string[] = [];
  const note = (message: string, data: unknown): void => {
    log.push(`${message} ${JSON.stringify(data)}`);
  };
  mkdirSync(root, { recursive: true });
  const mirror = new SchoolMirror({
    repository: new Repository(root),
    image: published.image,
    keyring: published.keyring,
    keep: 3,
    spaceBytes: 0,
    clock: systemClock,
    logger: { info: note, warn: note },
    ...change,
  });
  return { mirror, repository: root, log };
}

/** A whole daemon; its repository is `repository` in its folder. */
export function schoolAt(
  t: { after: (end: () => Promise<void>) => void },
  folder: string,
  { keyring, image }: Published,
  config: Readonly<Record<string, string | number | readonly string[]>>,
): VirtualLaptop {
  const repository = join(folder, 'repository');
  const school = new VirtualLaptop({
    folder,
    config: { role: 'school', repository, keyring, image, 'discovery.kind': 'none', 'check.minutes': 0, ...config },
  });
  t.after(() => school.stop());
  return school;
}

/** What anybody could be given of this repository: the files' names, but for the locks and folders of its own. */
export function offeredIn(repository: string): string[] {
  return readdirSync(repository, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(repository.length + 1))
    .filter((path) => !path.startsWith('.'))
    .sort();
}

export function sameFile(a: string, b: string, path: string): boolean {
  return readFileSync(join(a, path)).equals(readFileSync(join(b, path)));
}

/** Another folder with the same in it, to go its own way. */
export function copyOf(t: Pick<TestContext, 'after'>, folder: string, published: Published): Published {
  const copy = tempFolder(t, 'publisher');
  for (const name of ['repository', 'key', 'keyring.pgp'])
    cpSync(join(folder, name), join(copy, name), { recursive: true });
  for (const name of readdirSync(folder).filter((one) => one.startsWith('tree-')))
    cpSync(join(folder, name), join(copy, name), { recursive: true, preserveTimestamps: true });
  return { ...published, repository: join(copy, 'repository'), key: join(copy, 'key') };
}

export const folderOf = ({ repository }: Published): string => dirname(repository);

export const upstream = (url: string): HttpSource => new HttpSource({ kind: 'origin', urls: [url] });

/** Everything that the newest version needs is there, as it is at the publisher's. */
export function assertWhole(root: string, from: Published, version: number, except = /^bundles/): void {
  const offered = offeredIn(root).filter((path) => !except.test(path));
  for (const path of offered.filter((one) => !one.startsWith('bundles/')))
    assert.ok(sameFile(root, from.repository, path), path);
  assert.ok(offered.includes(`images/xo/${version}.pgp`));
  assert.ok(sameFile(root, from.repository, 'images/xo/latest.pgp'));
  const manifest = readFileSync(manifestOf(from, version), 'latin1');
  const hashes = [...manifest.matchAll(/sha256=([0-9a-f]{64})/g)].map(([, sha256 = '']) => sha256);
  for (const sha256 of hashes) assert.ok(offered.includes(`blobs/${sha256}`), sha256);
  assert.equal(statSync(join(root, 'blobs', hashes[0] ?? '')).mode & 0o777, 0o644, 'another server may read it');
}
