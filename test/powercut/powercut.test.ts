/**
 * The power goes at any moment of a laptop's life with updates, and the disk keeps any part of what was not flushed: the
 * laptop always starts, with whole trees, and what was told to be done is done. `npm run test:powercut` looks at more.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { syncPath } from '../../service/deploy/disk-path.ts';
import { fileSystemMissing } from '../helpers/file-systems.ts';
import { tempFolder } from '../helpers/temp.ts';
import { Judge } from './judge.ts';
import { cannotLog, memoryFolder } from './logged-disk.ts';
import { replay } from './replay.ts';
import { oneUpdate, type Prepared, prepare, record, type Tell, wholeLife } from './story.ts';

const SEED = 1;
const STATES = 1000;
const BTRFS_STATES = 60;
const CONTROL_STATES = 60;
const PROCESS_ONE_IN = 50;

const skip = cannotLog();
let prepared: Prepared;
let judge: Judge;
const cleanups: (() => unknown)[] = [];
const atEnd = { after: (work: () => unknown) => void cleanups.push(work) };
after(async () => {
  for (const work of cleanups.reverse()) await work();
});

before(async () => {
  if (skip) return;
  const memory = mkdtempSync(join(memoryFolder(), 'ripple-powercut-'));
  atEnd.after(() => rmSync(memory, { recursive: true, force: true }));
  const folder = tempFolder(atEnd, 'powercut');
  prepared = await prepare(atEnd, folder, memory, SEED);
  judge = new Judge(prepared, join(folder, 'judge'));
});

test('whatever a power cut leaves, the laptop starts whole and keeps what it promised', { skip }, async (t) => {
  const story = await record(t, prepared, (virtual, tell) => wholeLife(prepared, virtual, tell));
  const options = { seed: SEED, states: STATES, processOneIn: PROCESS_ONE_IN };
  const { bad, ...counts } = await replay({ story, judge, folder: prepared.memory, ...options });
  t.diagnostic(JSON.stringify({ seed: SEED, bad: bad.length, ...counts }));
  assert.deepEqual(bad.slice(0, 10), []);
  assert.equal(counts.states, STATES);
});

test('the same on btrfs, where trees are subvolumes', { skip: skip || fileSystemMissing('btrfs') }, async (t) => {
  const memory = mkdtempSync(join(memoryFolder(), 'ripple-powercut-'));
  atEnd.after(() => rmSync(memory, { recursive: true, force: true }));
  const folder = tempFolder(atEnd, 'powercut');
  const own = await prepare(atEnd, folder, memory, SEED, 'btrfs');
  const story = await record(t, own, (virtual, tell) => wholeLife(own, virtual, tell));
  const options = { seed: SEED, states: BTRFS_STATES, processOneIn: PROCESS_ONE_IN };
  const { bad, ...counts } = await replay({
    story,
    judge: new Judge(own, join(folder, 'judge')),
    folder: memory,
    ...options,
  });
  t.diagnostic(JSON.stringify({ seed: SEED, bad: bad.length, ...counts }));
  assert.deepEqual(bad.slice(0, 10), []);
  assert.equal(counts.states, BTRFS_STATES);
});

/** An update that the person changes their mind about: everything that is promised without a restart, which flushes. */
async function thereAndBack(virtual: Parameters<typeof oneUpdate>[1], tell: Tell): Promise<void> {
  const { laptop } = prepared;
  await oneUpdate(laptop, virtual, tell);
  await laptop.ok('rollback');
  tell('went back to 6', { current: 6, previous: 0, staged: 7, blessed: true, shunned: 7 });
}

/** strace(1) answers these calls in the kernel's place: they succeed and do nothing. */
function ignoring(calls: string, ...paths: readonly string[]): readonly string[] {
  const only = paths.flatMap((path) => ['-P', path]);
  // In the background (-D), so that the process that is started and ended is the daemon.
  return [
    'strace',
    '-D',
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    `trace=${calls}`,
    ...only,
    '-e',
    `inject=${calls}:retval=0`,
  ];
}

interface Control {
  readonly title: string;
  readonly act?: typeof thereAndBack;
  readonly prefix?: () => readonly string[];
  readonly mountOptions?: string;
}

const CONTROLS: readonly Control[] = [
  { title: 'nothing is flushed', prefix: () => ignoring('fsync,fdatasync,syncfs') },
  {
    title: 'no folder is flushed',
    prefix: () => {
      const { sysroot } = prepared.laptop.virtual;
      return ignoring('fsync', join(sysroot, 'rootfs'), join(sysroot, 'rootfs/config.2'), join(sysroot, 'ripple'));
    },
  },
  {
    title: 'the pointer changes before the tree is there',
    async act(virtual, tell) {
      const rootfs = join(virtual.sysroot, 'rootfs');
      // Version 6 runs.
      await virtual.start();
      await virtual.stop();
      mkdirSync(join(rootfs, 'config.2'));
      symlinkSync('../xo.7', join(rootfs, 'config.2/current'));
      symlinkSync('../xo.6', join(rootfs, 'config.2/previous'));
      rmSync(join(rootfs, 'boot'));
      symlinkSync('config.2', join(rootfs, 'boot'));
      syncPath(rootfs);
      await virtual.start({ daemonOnly: true });
      await prepared.laptop.ok('get', '7');
      tell('staged and chose 7', { current: 7, previous: 6 });
    },
  },
  { title: 'the disk is not told to flush', mountOptions: 'barrier=0' },
];

for (const { title, act = thereAndBack, prefix, mountOptions } of CONTROLS) {
  test(`this test sees when ${title}`, { skip }, async (t) => {
    const story = await record(t, prepared, act, {
      ...(prefix ? { hardware: { prefix: prefix() } } : {}),
      ...(mountOptions ? { mountOptions } : {}),
    });
    const options = { seed: SEED, states: CONTROL_STATES, processOneIn: Number.POSITIVE_INFINITY };
    const { bad, states } = await replay({ story, judge, folder: prepared.memory, ...options });
    t.diagnostic(`${bad.length} bad of ${states}: ${bad[0]?.problem}`);
    assert.ok(bad.length > 0);
  });
}
