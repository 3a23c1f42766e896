/** Memory of a real daemon: at rest, after a look around, and while it fetches and stages updates of several sizes. */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RippleError } from '../../service/api/errors.ts';
import { VirtualLaptop } from '../../service/demo/virtual-laptop.ts';
import { startPrivateBus } from '../helpers/private-bus.ts';
import { randomBytesOf } from './generated.ts';
import { run } from './measure.ts';
import { type MemorySample, MemoryWatch, sampleMemory } from './process-memory.ts';
import { IMAGE, NEW, OLD, publish, RIPPLE, type Sources, STAGE } from './sources.ts';

const MB = 1_000_000;
/** Content that the update adds, in megabytes. */
export const UPDATE_MEGABYTES = [10, 100, 400] as const;
const LARGE_FILES = 4;
const SMALL_FILE_BYTES = 100_000;

export interface DaemonMemory {
  readonly updateBytes: number;
  readonly files: number;
  /** Entries of the manifest. */
  readonly entries: number;
  /** `restSeconds` after it said that it is ready. */
  readonly atRest: MemorySample;
  /** So long after it looked around for the first time and verified what it found. */
  readonly afterCheck: MemorySample;
  /** Highest resident size from the start of the fetch until the version was staged. */
  readonly peakBytes: number;
  /** So long after the version was staged. */
  readonly afterFetch: MemorySample;
}

export interface DaemonMemoryOptions {
  readonly folder: string;
  readonly restSeconds: number;
  readonly say: (line: string) => void;
}

export async function measureDaemonMemory(
  sources: Sources,
  { folder, restSeconds, say }: DaemonMemoryOptions,
): Promise<readonly DaemonMemory[]> {
  const results: DaemonMemory[] = [];
  for (const megabytes of UPDATE_MEGABYTES) {
    const own = join(folder, `memory-${megabytes}`);
    mkdirSync(own);
    say(`daemon memory: an update of ${megabytes} MB`);
    const made = makeRepository(sources, own, megabytes);
    const seen = await follow(own, made.repository, restSeconds);
    results.push({ updateBytes: megabytes * MB, files: made.files, entries: made.entries, ...seen });
    rmSync(own, { recursive: true, force: true });
  }
  return results;
}

/** Version 6 is the older Debian tree; version 7 has so much more: a few large files, the rest small ones. */
function makeRepository(
  { older, key }: Sources,
  folder: string,
  megabytes: number,
): { readonly repository: string; readonly files: number; readonly entries: number } {
  const repository = join(folder, 'repository');
  const tree = join(folder, 'tree');
  run(RIPPLE, 'keyring', 'init', '--repo', repository, '--root', key);
  publish(older, repository, OLD, key);
  run('cp', '-a', '--link', older, tree);
  mkdirSync(join(tree, 'generated'));
  const largeBytes = (megabytes * MB) / 2 / LARGE_FILES;
  const smallFiles = (megabytes * MB) / 2 / SMALL_FILE_BYTES;
  for (let i = 0; i < LARGE_FILES + smallFiles; i++)
    writeFileSync(join(tree, `generated/${i}`), randomBytesOf(i < LARGE_FILES ? largeBytes : SMALL_FILE_BYTES));
  const { entries } = publish(tree, repository, NEW, key);
  return { repository, files: LARGE_FILES + smallFiles, entries };
}

async function follow(
  folder: string,
  repository: string,
  restSeconds: number,
): Promise<Pick<DaemonMemory, 'atRest' | 'afterCheck' | 'peakBytes' | 'afterFetch'>> {
  const keyring = join(folder, 'keyring.pgp');
  copyFileSync(join(repository, 'keyring/1.pgp'), keyring);
  const bus = await startPrivateBus();
  const common = { image: IMAGE, keyring, 'check.minutes': 0 } as const;
  const server = new VirtualLaptop({
    folder: join(folder, 'server'),
    config: { ...common, role: 'school', repository, 'discovery.kind': 'none', 'bus.address': 'none' },
  });
  let laptop: VirtualLaptop | undefined;
  try {
    await server.start();
    laptop = new VirtualLaptop({
      folder: join(folder, 'laptop'),
      config: {
        ...common,
        origins: [server.url],
        'bus.address': bus.address,
        'discovery.kind': 'bonjour',
        'discovery.interfaces': ['127.0.0.1'],
        'power.supplies': join(folder, 'no-battery'),
      },
    });
    run(process.execPath, STAGE, laptop.sysroot, repository, keyring, IMAGE, `${OLD}`, 'auto', '--choose');
    await laptop.start();
    const { pid } = laptop;
    if (pid === undefined) throw new RippleError('Internal', 'the daemon has no process');
    const watch = new MemoryWatch(pid);
    const atRest = await rested(pid, restSeconds);
    run(RIPPLE, 'check', '--bus', bus.address);
    const afterCheck = await rested(pid, restSeconds);
    watch.reset();
    run(RIPPLE, 'get', `${NEW}`, '--json', '--bus', bus.address);
    const peakBytes = watch.peakBytes();
    return { atRest, afterCheck, peakBytes, afterFetch: await rested(pid, restSeconds) };
  } finally {
    await laptop?.stop();
    await server.stop();
    await bus.stop();
  }
}

async function rested(pid: number, seconds: number): Promise<MemorySample> {
  await sleep(seconds * 1000);
  return sampleMemory(pid);
}
