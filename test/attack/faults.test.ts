/**
 * Death, a disk that fails, and a disk that is full, at every call of a kind that changes a disk, through everything that
 * is ever done to a sysroot, its recovery too: whatever was told is so, the laptop starts, and it can go on.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { choose, readBootConfig } from '../../service/deploy/boot-config.ts';
import { recover } from '../../service/deploy/recover.ts';
import { verifyDeployment } from '../../service/deploy/verify.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { repairVersion, smallImage, TestSysroot, xo } from '../helpers/sysroot.ts';
import { tempFolder } from '../helpers/temp.ts';

const HELPERS = join(dirname(fileURLToPath(import.meta.url)), '../helpers');
const BOOT_SCRIPT = join(PROJECT_ROOT, 'assets/boot/ripple-boot');
const PATH = ['deploy-path.js'];
const RECOVERY = ['deploy-child.js', 'recover'];

/** Each step, and the versions that may be current between it and the next. */
const STEPS: readonly (readonly [string, readonly number[]])[] = [
  ['', [6]],
  ['staged', [6, 7]],
  ['chose', [7]],
  ['blessed', [7]],
  ['removed', [7, 6]],
  ['went back', [6]],
  ['repaired', [6]],
];

interface Kind {
  readonly name: string;
  /** System calls, as strace(1) names them; the question mark: not every architecture has each. */
  readonly calls: string;
  /** Only where these files are meant (relative to the sysroot): everything in a process writes. */
  readonly files?: readonly string[];
}
const DOCUMENTS = ['ripple/state.json.new', 'ripple/manifests/xo.7.new', 'ripple/releases/xo.7.pgp.new'];
const KINDS: readonly Kind[] = [
  { name: 'rename', calls: '?rename,?renameat,?renameat2' },
  { name: 'fsync', calls: 'fsync,?fdatasync,syncfs' },
  { name: 'link', calls: '?link,?linkat,?symlink,?symlinkat' },
  { name: 'unlink', calls: '?unlink,?unlinkat,?rmdir' },
  { name: 'mkdir', calls: '?mkdir,?mkdirat' },
  { name: 'write', calls: '?pwrite64,?ftruncate' },
  { name: 'write', calls: 'write', files: DOCUMENTS },
];
const FAULTS = ['signal=KILL', 'error=EIO', 'error=ENOSPC'];

function strace(
  root: string,
  [helper = '', ...args]: readonly string[],
  { calls, files = [] }: Kind,
  more: readonly string[],
) {
  const only = files.flatMap((file) => ['-P', join(root, file)]);
  const child = [process.execPath, join(HELPERS, helper), ...args, root];
  // strace counts by thread, so there is one for all that does not run on the main one.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  return spawnSync('strace', ['-f', '-qq', '-y', '-e', `trace=${calls}`, ...only, ...more, ...child], {
    encoding: 'utf8',
    env,
  });
}

/** How many such calls one thread makes at most. */
function countCalls(root: string, what: readonly string[], kind: Kind): number {
  const log = `${root}.strace`;
  const counted = strace(root, what, kind, ['-o', log]);
  assert.equal(counted.status, 0, counted.stderr);
  const threads = new Map<string, number>();
  let most = 0;
  for (const line of readFileSync(log, 'utf8').split('\n')) {
    const thread = /^(\d+) +\w+\(/.exec(line)?.[1];
    if (thread === undefined) continue;
    const count = (threads.get(thread) ?? 0) + 1;
    threads.set(thread, count);
    // Node flushes its standard output at the end: that is no part of this.
    if (line.includes(root)) most = Math.max(most, count);
  }
  return most;
}

async function wholeTrees(sysroot: TestSysroot, versions: readonly number[], excused = false): Promise<void> {
  for (const version of versions) {
    const { damaged } = await verifyDeployment(sysroot.layout.deployment(xo(version)), smallImage(version).entries);
    const bad = damaged.filter(({ path, reason }) => !excused || !(path === './etc/same' || reason === 'time'));
    assert.deepEqual(bad, [], `version ${version}`);
  }
}

const presentVersions = (sysroot: TestSysroot): number[] =>
  [5, 6, 7].filter((version) => existsSync(sysroot.layout.deployment(xo(version))));

/** What a start of the laptop finds and does. `told`: the steps that were told to be done. */
async function startsAgain(sysroot: TestSysroot, told: readonly string[]): Promise<void> {
  const { layout } = sysroot;
  const last = told.at(-1) ?? '';
  const config = readBootConfig(layout);
  const current = config?.current.version ?? 0;
  const allowed = STEPS.find(([step]) => step === last)?.[1] ?? [];
  assert.ok(config && allowed.includes(current), `${current} is current, may be ${allowed}`);
  const run = join(layout.sysroot, 'run');
  const boot = spawnSync('sh', [BOOT_SCRIPT, '--sysroot', layout.sysroot, '--run', run], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${layout.sysroot}/../bin:${process.env.PATH}` },
  });
  assert.match(boot.stderr, new RegExp(`starting xo.${current} \\(normal\\)`));
  if (last === 'blessed') assert.equal(config.triesLeft, undefined);
  if (last === 'went back') assert.deepEqual(JSON.parse(readFileSync(layout.stateFile, 'utf8')).shunned, [7]);

  const booted = { booted: xo(current) };
  await recover(layout, booted);
  assert.deepEqual((await recover(layout, booted)).removed, [], 'a second start has nothing to do');
  const present = presentVersions(sysroot);
  const wanted = [current, config.previous?.version ?? 0, ...(last === '' ? [] : [7])];
  assert.ok(
    wanted.every((version) => version === 0 || present.includes(version)),
    `${present} of ${wanted} are here`,
  );
  await wholeTrees(sysroot, present, last === 'went back');
  // Now the rest of it.
  if (!present.includes(7)) {
    sysroot.fill(smallImage(7));
    await sysroot.stage(7, smallImage(7), { base: sysroot.base(6, smallImage(6)) });
  }
  choose(layout, { current: xo(6), previous: xo(7) });
  for (const [one, other] of [
    [6, 7],
    [7, 6],
  ] as const)
    await repairVersion(sysroot, one, [other]);
  await wholeTrees(sysroot, [6, 7]);
}

async function eachFault(
  folder: string,
  base: string,
  what: readonly string[],
  check: (sysroot: TestSysroot, told: readonly string[]) => Promise<void>,
): Promise<string> {
  const root = join(folder, 'sysroot');
  const fresh = (): void => {
    rmSync(root, { recursive: true, force: true });
    assert.equal(spawnSync('cp', ['-a', base, root]).status, 0);
  };
  const tally = new Map<string, number>();
  for (const kind of KINDS) {
    fresh();
    const calls = countCalls(root, what, kind);
    for (const fault of FAULTS)
      for (let nth = 1; nth <= calls; nth++) {
        fresh();
        const ran = strace(root, what, kind, ['-o', '/dev/null', '-e', `inject=${kind.calls}:${fault}:when=${nth}`]);
        const told = ran.stdout.split('\n').filter((line) => line !== '');
        const at = `${fault} at ${kind.name} number ${nth} of ${calls}, after "${told.at(-1) ?? ''}"`;
        try {
          if (what === PATH)
            assert.equal(told.includes('repaired'), ran.status === 0, 'it ends well only if all is done');
          await check(new TestSysroot(root), told);
        } catch (error) {
          throw new Error(`${at}: ${error instanceof Error ? error.message : error}\n${ran.stderr.slice(-500)}`);
        }
        tally.set(fault, (tally.get(fault) ?? 0) + 1);
      }
  }
  return [...tally].map(([fault, count]) => `${count} × ${fault}`).join(', ');
}

/** Versions 5 and 6, and what is needed for 7. */
async function prepare(folder: string): Promise<TestSysroot> {
  const sysroot = new TestSysroot(join(folder, 'base'));
  await sysroot.deploy(5);
  await sysroot.deploy(6, 5);
  sysroot.fill(smallImage(7));
  // The boot script flushes all disks of the machine; nothing is asked of the disk here.
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/sync'), '#!/bin/sh\n', { mode: 0o755 });
  return sysroot;
}

test('stage, choose, bless, delete, go back, repair: whatever call fails, what was told is so', async (t) => {
  const folder = tempFolder(t, 'faults');
  const { layout } = await prepare(folder);
  t.diagnostic(await eachFault(folder, layout.sysroot, PATH, startsAgain));
});

test('a recovery that fails at any call is done by the next one', async (t) => {
  const folder = tempFolder(t, 'faults');
  const { layout } = await prepare(folder);
  cpSync(layout.deployment(xo(6)), layout.partial(xo(7)), { recursive: true });
  cpSync(layout.deployment(xo(6)), join(layout.rootfs, 'xo.4.deleting'), { recursive: true });
  for (const path of [layout.config(9), layout.repair]) mkdirSync(path);
  for (const path of [join(layout.config(9), 'tries+3'), join(layout.repair, '0'), `${layout.stateFile}.new`])
    writeFileSync(path, '');
  const check = async (sysroot: TestSysroot): Promise<void> => {
    await wholeTrees(sysroot, [5, 6]);
    await recover(sysroot.layout, { booted: xo(6) });
    assert.deepEqual(readdirSync(sysroot.layout.rootfs), ['boot', 'config.2', 'current', 'previous', 'xo.5', 'xo.6']);
    await startsAgain(sysroot, []);
  };
  t.diagnostic(await eachFault(folder, layout.sysroot, RECOVERY, check));
});
