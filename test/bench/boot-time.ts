/**
 * How much longer a laptop takes to start because of Ripple: one Debian on one kernel, started as versions are, and as a plain
 * root file system. The machine is emulated, so what is measured is divided by how much slower the emulation is.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianParts, makeImage } from '../boot/vm/debian-image.ts';
import { Machine } from '../boot/vm/machine.ts';
import { School } from '../boot/vm/school.ts';
import { wholeSeconds } from '../boot/vm/trees.ts';
import { type Spread, spread } from './statistics.ts';

export interface BootTime {
  /** In the emulated machine: from the kernel's first moment to the first service that any program needs (sysinit.target). */
  readonly plainMs: Spread;
  readonly rippleMs: Spread;
  /** To the end of the start, the daemon of Ripple with it where there is one. */
  readonly plainEndMs: Spread;
  readonly rippleEndMs: Spread;
  /** How many times slower the emulation runs the same program. */
  readonly ratio: Spread;
}

const DISK_BYTES = 2_000_000_000;
/** Nothing of Ripple in a plain start. */
const WITHOUT = [
  ...['ripple.service', 'ripple-alive.service', 'ripple-bless.service', 'ripple-host-keys.service'],
  ...['ripple-rescue-copy.service', 'ripple-trial.timer'],
]
  .map((name) => `systemd.mask=${name}`)
  .join(' ');
/** The same work for both processors; user time in seconds by the shell's own clock. No pipe: what is in one has a clock of its own. */
const WORK = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; times';
const MARKS = 'systemctl show -P ActiveEnterTimestampMonotonic sysinit.target';
const ENDED = 'systemctl is-system-running --wait >/dev/null; systemctl show -P FinishTimestampMonotonic';

export async function measureBootTime(folder: string, runs: number, say: (line: string) => void): Promise<BootTime> {
  mkdirSync(join(folder, 'boot-time'));
  const school = await School.found(join(folder, 'boot-time'));
  const tree = school.tree(6);
  await makeImage(tree, await debianParts(school.folder, say), school.published.keyring);
  await wholeSeconds(tree);
  await school.publish(6);
  await school.server.start();
  const disks = { plain: join(school.folder, 'plain'), ripple: join(school.folder, 'ripple') };
  try {
    await school.makeDisk(disks.ripple, 6);
  } finally {
    await school.server.stop();
  }
  writeFileSync(disks.plain, '');
  truncateSync(disks.plain, DISK_BYTES);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', tree, disks.plain]);

  const files = school.bootFiles(6);
  const log = join(school.folder, 'log');
  const all: Readonly<Record<'plain' | 'ripple', Start[]>> = { plain: [], ripple: [] };
  // The first start of each makes keys and folders, and does not count.
  for (let round = 0; round <= runs; round++) {
    for (const how of ['plain', 'ripple'] as const) {
      const parameters = how === 'plain' ? `boot=local rw ${WITHOUT}` : '';
      const one = await start({ ...files, disk: disks[how], folder: school.folder, log, parameters });
      say(
        `${how}: ${one.upMs.toFixed(0)} ms, ${one.endMs.toFixed(0)} ms, ${one.ratio.toFixed(1)} times slower than this machine`,
      );
      if (round > 0) all[how].push(one);
    }
  }
  const of = (how: 'plain' | 'ripple', key: keyof Start): Spread => spread(all[how].map((one) => one[key]));
  return {
    plainMs: of('plain', 'upMs'),
    rippleMs: of('ripple', 'upMs'),
    plainEndMs: of('plain', 'endMs'),
    rippleEndMs: of('ripple', 'endMs'),
    ratio: spread([...all.plain, ...all.ripple].map(({ ratio }) => ratio)),
  };
}

interface Start {
  readonly upMs: number;
  readonly endMs: number;
  readonly ratio: number;
}

async function start(options: Parameters<typeof Machine.start>[0]): Promise<Start> {
  const machine = await Machine.start(options);
  try {
    await machine.ready();
    const ended = await machine.ok(ENDED);
    const up = await machine.ok(MARKS);
    const guest = userSeconds(await machine.ok(WORK));
    const host = userSeconds(execFileSync('dash', ['-c', WORK], { encoding: 'utf8' }));
    await machine.ok('sync');
    return { upMs: Number(up) / 1000, endMs: Number(ended) / 1000, ratio: guest / host };
  } finally {
    await machine.kill();
  }
}

/** Of times(1p): `0m1.250s 0m0.010s`. */
/** As BENCHMARKS.md has it. */
export function bootText({ plainMs, rippleMs, plainEndMs, rippleEndMs, ratio }: BootTime, runs: number): string {
  const seconds = (ms: Spread): string =>
    `${(ms.median / 1000).toFixed(2)} (${(ms.min / 1000).toFixed(2)}–${(ms.max / 1000).toFixed(2)})`;
  const more = (plain: Spread, ripple: Spread): string => {
    const emulated = (ripple.median - plain.median) / 1000;
    return `${emulated.toFixed(2)} s emulated, ${(emulated / ratio.median).toFixed(2)} s here`;
  };
  const rows = [
    ['sysinit.target: programs can start', plainMs, rippleMs],
    ["the end of the start, Ripple's daemon with it", plainEndMs, rippleEndMs],
  ] as const;
  const lines = rows.map(
    ([until, plain, ripple]) => `| ${until} | ${seconds(plain)} | ${seconds(ripple)} | ${more(plain, ripple)} |`,
  );
  const kept = (rippleMs.median - plainMs.median) / 1000 / ratio.median < 0.5;
  return `## Starting with Ripple and without

One Debian and one kernel in QEMU (TCG), started in turn as a version of Ripple (read-only, /etc laid over) and as a plain root file system with
Ripple's units masked; ${runs} starts each, by the guest's clock from the kernel's first moment, in seconds: median (least–most).

| until | without | with Ripple | more |
| --- | --- | --- | --- |
${lines.join('\n')}

The emulation is ${ratio.median.toFixed(1)} times slower (${ratio.min.toFixed(1)}–${ratio.max.toFixed(1)}): the same loop of the shell, user time in the guest by user time on this machine, in every
start. Goal: under half a second more until programs can start: ${kept ? 'kept' : 'missed'}.`;
}

function userSeconds(text: string): number {
  const [, minutes, seconds] = /^(\d+)m([0-9.]+)s/.exec(text.trim()) ?? [];
  const sum = Number(minutes) * 60 + Number(seconds);
  if (!(sum > 0)) throw new Error(`"${text}" is no time that anything took`);
  return sum;
}
