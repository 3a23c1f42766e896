/** Real daemons in a class: neighbours first, and the same daemons when no laptop can reach another. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { isStaged, type Pupil, SchoolClass } from '../../helpers/school-class.ts';
import type { ClassRun } from './figures.ts';
import { NEW, OLD, SERVER_BITS, type Stage } from './stage.ts';

/** Until everybody has heard everybody and is at rest. */
const SETTLE_MS = 10_000;
const LOOK_MS = 100;
const MOST_MS = 20 * 60_000;
/** All laptops, and not the server. */
const PUPILS_PREFIX = '10.88.0.0/25';

export async function runDaemons(
  stage: Stage,
  way: string,
  laptops: number,
  reach: 'neighbours' | 'server-only',
  say: (line: string) => void,
): Promise<ClassRun> {
  const { published } = stage;
  const folder = `${stage.folder}/class-${reach}-${laptops}`;
  const room = new SchoolClass(folder, published);
  try {
    const template = await room.template(OLD);
    const school = room.addSchool();
    for (let i = 1; i <= laptops; i++) {
      const { host } = room.addPupil(`laptop${i}`, i, template);
      if (reach === 'server-only') host.wallOff(PUPILS_PREFIX);
    }
    room.network.shape(school.host, SERVER_BITS);
    await room.start(room.pupils);
    await sleep(SETTLE_MS);
    say(`${way}: ${laptops} laptops are ready`);
    const everybody = [school, ...room.pupils];
    const [before, cpuBefore] = [everybody.map(({ host }) => host.sentBytes()), cpuOf(room.pupils)];
    await school.laptop.start();
    const seconds = await finish(room.pupils, published.image);
    const sent = everybody.map(({ host }, i) => host.sentBytes() - (before[i] ?? 0));
    const [serverBytes = 0] = sent;
    return {
      way,
      laptops,
      seconds,
      serverBytes,
      allBytes: sent.reduce((sum, bytes) => sum + bytes, 0),
      cpuSeconds: cpuOf(room.pupils) - cpuBefore,
    };
  } finally {
    await room.stop();
    execFileSync('rm', ['-r', folder]);
  }
}

async function finish(pupils: readonly Pupil[], image: string): Promise<number[]> {
  const start = performance.now();
  const left = new Set(pupils);
  const seconds: number[] = [];
  while (left.size > 0) {
    await sleep(LOOK_MS);
    const ms = performance.now() - start;
    if (ms > MOST_MS) throw new Error(`${left.size} laptops did not get it in ${MOST_MS / 60_000} minutes`);
    for (const pupil of left) {
      if (!isStaged(pupil, image, NEW)) continue;
      left.delete(pupil);
      seconds.push(Math.round(ms) / 1000);
    }
  }
  return seconds;
}

/** Processor seconds so far, by /proc (see proc(5): fields 14 and 15, in hundredths). */
function cpuOf(pupils: readonly Pupil[]): number {
  const ticks = pupils.map(({ laptop }) => {
    const line = execFileSync('cut', ['-d', ' ', '-f', '14,15', `/proc/${laptop.pid}/stat`], { encoding: 'utf8' });
    return line
      .trim()
      .split(' ')
      .reduce((sum, field) => sum + Number(field), 0);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / 100;
}
