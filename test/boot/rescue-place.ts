/** A publisher, a laptop without a version, and the rescue as the initramfs has it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { writeRescueKeys } from '../../service/cli/rescue-keys.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { manifestOf, type Published, publishTrees } from '../helpers/published.ts';
import { tempFolder } from '../helpers/temp.ts';

export const BOOT = join(PROJECT_ROOT, 'assets/boot');
export const EPOCH_SECONDS = '@1700000000';

export interface Ran {
  readonly status: number | null;
  readonly told: string;
}

export interface Place {
  readonly folder: string;
  readonly sysroot: string;
  readonly published: Published;
  readonly tree: string;
}

/** A publisher with version 7 of a small tree with every kind of entry, and a laptop with an empty sysroot. */
export async function place(t: TestContext): Promise<Place> {
  const folder = tempFolder(t, 'rescue');
  const tree = join(folder, 'tree');
  for (const name of ['etc', 'usr/bin', 'usr/sbin', 'odd dir/[a]*b']) mkdirSync(join(tree, name), { recursive: true });
  for (const [name, text] of [
    ['usr/sbin/init', 'init'],
    ['usr/bin/tool', 'tool'],
    ['etc/one', 'same'],
    ['etc/two', 'same'],
    ['etc/empty', ''],
    ['odd dir/with\nnewline ', 'newline'],
    ['odd dir/back\\slash', 'backslash'],
    ['odd dir/[a]*b/inside?', 'magic'],
    ['odd dir/none', ''],
  ] as const)
    writeFileSync(join(tree, name), text);
  // More than goes over a connection before anybody looks.
  writeFileSync(join(tree, 'usr/bin/large'), Buffer.alloc(12_000_000, 'large '));
  chmodSync(join(tree, 'usr/bin/tool'), 0o4755);
  symlinkSync('../etc', join(tree, 'usr/etc'));
  symlinkSync('a b\n', join(tree, 'odd dir/link'));
  const more =
    'ln etc/one etc/three; ln "odd dir/none" "odd dir/none too"; mkfifo fifo; mknod null c 1 3; chown 7:8 etc/two';
  shell(tree, `${more}; chown -h 9:9 usr/etc; find . -exec touch -h -d ${EPOCH_SECONDS} {} +`);
  const published = await publishTrees(join(folder, 'publisher'), [[7, tree]]);
  mkdirSync(join(folder, 'sysroot/rootfs'), { recursive: true });
  return { folder, sysroot: join(folder, 'sysroot'), published, tree };
}

export function shell(cwd: string, command: string): void {
  assert.equal(spawnSync('sh', ['-c', command], { cwd }).status, 0, command);
}

/** What the initramfs hook makes: its applets alone (and `more` of busybox's), gpgv, and the keys. Answers the folder with the programs. */
export function makeApplets(at: Place, more: readonly string[] = []): string {
  const applets = join(at.folder, 'applets');
  if (existsSync(applets)) return applets;
  mkdirSync(applets);
  const text = readFileSync(join(BOOT, 'ripple-hook'), 'utf8');
  const wanted = /for applet in ([^;]+);/.exec(text)?.[1]?.replaceAll('\\\n', ' ').split(/\s+/) ?? [];
  for (const name of ['sh', ...wanted, ...more]) symlinkSync('/usr/bin/busybox', join(applets, name));
  symlinkSync('/usr/bin/gpgv', join(applets, 'gpgv'));
  writeRescueKeys(at.published.keyring, join(at.folder, 'keys'));
  return applets;
}

/** Arguments of that shell: it has the functions of the rescue and does `work`. */
export function rescueArgs(at: Place, work: string, keys = join(at.folder, 'keys')): readonly string[] {
  const script = `. ${BOOT}/ripple-rescue; . ${BOOT}/ripple-rescue-tree
    rs_image=xo rs_keys=$1 rs_work=$2 rs_sysroot=$3; mkdir -p "$2"; ${work}`;
  return ['-c', script, 'rescue', keys, join(at.folder, 'work'), at.sysroot];
}

/** Takes a version from `source` in the environment that the initramfs hook makes. */
export function rescue(at: Place, source: string, keys?: string): Ran {
  const PATH = makeApplets(at);
  const args = [...rescueArgs(at, 'rs_from "$4"', keys), source];
  const { status, stderr, stdout } = spawnSync(join(PATH, 'sh'), args, {
    encoding: 'utf8',
    env: { PATH },
    timeout: 60_000,
  });
  return { status, told: `${stdout}${stderr}` };
}

export function assertWhole(at: Place, version = 7): void {
  const tree = join(at.sysroot, `rootfs/xo.${version}`);
  const judged = spawnSync('mtree', ['-f', manifestOf(at.published, version), '-p', tree], { encoding: 'utf8' });
  assert.equal(judged.stdout, '', 'mtree');
  const pointer = readlinkSync(join(at.sysroot, 'rootfs/boot'));
  assert.equal(readlinkSync(join(at.sysroot, 'rootfs', pointer, 'current')), `../xo.${version}`);
  assert.deepEqual(
    readdirSync(join(at.sysroot, 'rootfs', pointer)).filter((name) => name.startsWith('tries')),
    ['tries+3'],
  );
  assert.ok(existsSync(join(at.sysroot, `ripple/releases/xo.${version}.pgp`)));
  assert.ok(existsSync(join(at.sysroot, `ripple/manifests/xo.${version}`)));
  assert.ok(!existsSync(`${tree}.rescue`));
}

export const asRoot = { skip: process.getuid?.() === 0 ? false : 'owners and device nodes need root' };
