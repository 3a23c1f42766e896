/** The class of `class.ts`: who is in it, what each is there to show, and what the test asks of them. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LaptopInfo } from '../../service/api/model.ts';
import { parseManifest } from '../../service/image/manifest.ts';
import { type PrivateBus, startPrivateBus } from '../helpers/private-bus.ts';
import { manifestOf, type Published, publishTrees } from '../helpers/published.ts';
import { seeded } from '../helpers/random.ts';
import { rippleOk } from '../helpers/ripple.ts';
import { copySysroot, type Pupil, SCHOOL_ADDRESS, SchoolClass } from '../helpers/school-class.ts';
import { makeSeededTrees } from '../helpers/seeded-trees.ts';

export const [OLD, NEW] = [6, 7] as const;
/** Thirty; fewer, at least 8, only to look for a mistake on a machine that is slow or busy. */
export const PUPILS = Number(process.env.RIPPLE_CLASS ?? 30);
export const WALLED = Math.floor(PUPILS / 5);
const LIBRARY = 'library';
/** So slow that one sees them half-way. */
const SLOW_BITS = 3_000_000;
/** Thousands of small files, some of which change; and what is new is of the size of programs. */
const SIZE = { smallFiles: 2_000, largeFiles: 0, largeBytes: 0, changedOneIn: 40 };
const [NEW_FILES, NEW_FILE_BYTES] = [60, 120_000] as const;
const FOLDER = 'ripple-class-';
const DISK = '900m';
/** Room for the older version and not for what the newer one adds. */
const [FULL_DISK, LARGER_DISK] = ['20m', '100m'] as const;

export interface Scene {
  readonly room: SchoolClass;
  readonly published: Published;
  readonly school: Pupil;
  readonly teacher: Pupil;
  readonly bus: PrivateBus;
  /** Already on the new version, in another room. */
  readonly librarian: Pupil;
  /** They never reach the server. */
  readonly walled: readonly Pupil[];
  readonly killed: readonly Pupil[];
  readonly leaver: Pupil;
  readonly full: Pupil;
  /** Says that it holds the new version; all that is new in it is wrong. */
  readonly liar: Pupil;
  readonly plain: readonly Pupil[];
  /** Bytes that a laptop lacks of the new version, its manifest among them. */
  readonly updateBytes: number;
  stop(): Promise<void>;
}

export async function openScene(): Promise<Scene> {
  removeOrphans();
  const folder = mkdtempSync(join(tmpdir(), `${FOLDER}${process.pid}-`));
  // Of memory: thirty laptops share no disk in the field, and a flush of one must not wait for the others' bytes here.
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', folder]);
  const trees = makeSeededTrees(folder, 3, SIZE);
  for (let i = 0; i < NEW_FILES; i++)
    writeFileSync(join(trees.newer, `usr/new-${i}`), seeded(i + 1).bytes(NEW_FILE_BYTES));
  const versions = [
    [OLD, trees.older],
    [NEW, trees.newer],
  ] as const;
  const published = await publishTrees(folder, versions);
  for (const [, tree] of versions) rmSync(tree, { recursive: true });
  const room = new SchoolClass(folder, published);
  const bus = await startPrivateBus();
  const disks: string[] = [];
  const stop = async (): Promise<void> => {
    await room.stop();
    await bus.stop();
    for (const disk of [...disks, folder]) execFileSync('umount', ['--lazy', disk]);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    room.network.addBridge(LIBRARY);
    const [old, both] = [await room.template(OLD), await room.template(OLD, NEW)];
    const school = room.addSchool();
    const leads = { role: 'teacher', 'bus.address': bus.address } as const;
    const teacher = room.addPupil('teacher', 100, old, leads);
    const librarian = room.addPupil('librarian', 200, both, {}, LIBRARY);
    const pupils = Array.from({ length: PUPILS }, (_, i) =>
      room.addPupil(`pupil${i + 1}`, i + 1, i === 0 ? both : old),
    );
    const [liar, full, leaver, one, other, ...plain] = pupils;
    assert.ok(liar && full && leaver && one && other);
    const [killed, walled] = [[one, other], plain.slice(0, WALLED)];
    for (const { host } of walled) host.wallOff(SCHOOL_ADDRESS);
    for (const { host } of [leaver, ...killed]) room.network.shape(host, SLOW_BITS);
    scramble(liar, published);
    disks.push(full.laptop.sysroot);
    ownDisk(full, old);
    const updateBytes = bytesOfUpdate(published);
    return {
      room,
      published,
      school,
      teacher,
      bus,
      librarian,
      walled,
      killed,
      leaver,
      full,
      liar,
      plain,
      updateBytes,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Disks of a test that was killed before it could take them away. */
function removeOrphans(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${FOLDER}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    const folder = join(tmpdir(), name);
    const mounted = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '');
    for (const disk of mounted.filter((one) => one === folder || one.startsWith(`${folder}/`)).toReversed())
      execFileSync('umount', ['--lazy', disk]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** It takes what it has so far to the library, and has nobody of the class there. */
export function leave({ room, leaver }: Scene): void {
  room.network.move(leaver.host, LIBRARY);
}

export function moreRoom({ full }: Scene): void {
  execFileSync('mount', ['-o', `remount,size=${LARGER_DISK}`, full.laptop.sysroot]);
}

/** The class as `ripple class` prints it for the teacher. */
export async function seenByTeacher({ bus }: Scene): Promise<readonly LaptopInfo[]> {
  return JSON.parse(await rippleOk(['class', '--json', '--bus', bus.address]));
}

/** mtree(8) finds nothing in the tree that differs from what was published. */
export function assertTree({ published }: Scene, { laptop, name }: Pupil): void {
  const tree = join(laptop.sysroot, `rootfs/${published.image}.${NEW}`);
  const judged = spawnSync('mtree', ['-f', manifestOf(published, NEW), '-p', tree], { encoding: 'utf8' });
  assert.equal(judged.stdout, '', name);
  assert.equal(judged.status, 0, judged.stderr);
}

/** By source, from what its daemon logged when all had come. */
export function gottenFrom({ laptop, name }: Pupil): Readonly<Record<string, number>> {
  const line = /fetched version=7 .* sources=(\{.*\})$/m.exec(readFileSync(laptop.logFile, 'utf8'));
  assert.ok(line?.[1], `${name} fetched blobs`);
  return JSON.parse(line[1]);
}

function bytesOfUpdate(published: Published): number {
  const [older, newer] = [OLD, NEW].map((version) => readFileSync(manifestOf(published, version)));
  assert.ok(older && newer);
  const sizes = (manifest: Buffer): Map<string, number> =>
    new Map(
      parseManifest(manifest).flatMap((entry) => (entry.type === 'file' ? [[entry.sha256, entry.sizeBytes]] : [])),
    );
  const here = sizes(older);
  return [...sizes(newer)].reduce((sum, [sha256, bytes]) => sum + (here.has(sha256) ? 0 : bytes), newer.length);
}

/** As many bytes as before, and the same times: what a laptop looks at before it gives a file shows nothing. */
function scramble({ laptop }: Pupil, { image }: Published): void {
  const script =
    'cd "$1" && find . -type f -links 1 | while read -r f; do touch -r "$f" "$2" && ' +
    'head -c "$(stat -c %s "$f")" /dev/urandom >"$2.new" && cat "$2.new" >"$f" && touch -r "$2" "$f"; done';
  const tree = join(laptop.sysroot, `rootfs/${image}.${NEW}`);
  // Of its own first: the others begin with the same inodes.
  execFileSync('sh', ['-c', `cp -a "$1" "$1.own" && rm -r "$1" && mv "$1.own" "$1"`, 'sh', tree]);
  execFileSync('sh', ['-c', script, 'sh', tree, join(laptop.folder, 'mark')]);
}

function ownDisk({ laptop }: Pupil, template: string): void {
  rmSync(laptop.sysroot, { recursive: true });
  mkdirSync(laptop.sysroot);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${FULL_DISK}`, 'tmpfs', laptop.sysroot]);
  copySysroot(template, laptop.sysroot, 'bytes');
}
