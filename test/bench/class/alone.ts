/** What one laptop alone needs of its processor for one version: what the simulator reckons a class from. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isStaged, type Pupil, SchoolClass, SHARE_PORT } from '../../helpers/school-class.ts';
import type { AloneFigures } from './figures.ts';
import { NEW, OLD, type Stage } from './stage.ts';

const RUNS = 3;
const SETTLE_MS = 5000;
const SAMPLE_MS = 10;
const QUESTIONS = 1000;
/** Of what is sent some is headers: content begins and ends where so much more, or less, was sent. */
const MARGIN_BYTES = 100_000;

/** Medians of three times. The server's link is not capped. */
export async function measureAlone(stage: Stage, say: (line: string) => void): Promise<AloneFigures> {
  const runs: AloneFigures[] = [];
  for (let i = 0; i < RUNS; i++) runs.push(await once(stage, `alone-${i}`));
  const middle = (what: (one: AloneFigures) => number): number =>
    runs.map(what).toSorted((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN;
  const figures: AloneFigures = {
    lookSeconds: middle((one) => one.lookSeconds),
    takeSecondsPerMegabyte: middle((one) => one.takeSecondsPerMegabyte),
    giveSecondsPerMegabyte: middle((one) => one.giveSecondsPerMegabyte),
    stageSeconds: middle((one) => one.stageSeconds),
    requestSeconds: middle((one) => one.requestSeconds),
  };
  say(`one laptop alone: ${JSON.stringify(figures)}`);
  return figures;
}

interface Sample {
  readonly laptopSeconds: number;
  readonly serverSeconds: number;
  readonly sentBytes: number;
}

async function once(stage: Stage, name: string): Promise<AloneFigures> {
  const { published, setup } = stage;
  const folder = `${stage.folder}/${name}`;
  const room = new SchoolClass(folder, published);
  try {
    const template = await room.template(OLD);
    const school = room.addSchool();
    const pupil = room.addPupil('laptop1', 1, template);
    await room.start(room.pupils);
    await sleep(SETTLE_MS);
    const laptopBefore = processorSeconds(pupil);
    await school.laptop.start();
    const first = sampleOf(pupil, school);
    const samples: Sample[] = [];
    do {
      await sleep(SAMPLE_MS);
      samples.push(sampleOf(pupil, school));
    } while (!isStaged(pupil, published.image, NEW));
    const sent = (bytes: number): Sample =>
      samples.find((one) => one.sentBytes - first.sentBytes >= bytes) ?? samples.at(-1) ?? first;
    const begin = sent(setup.manifestBytes + MARGIN_BYTES);
    const end = sent(setup.manifestBytes + setup.contentBytes - MARGIN_BYTES);
    const megabytes = setup.contentBytes / 1e6;
    const requestSeconds = await answering(pupil, school);
    return {
      lookSeconds: begin.laptopSeconds - laptopBefore,
      takeSecondsPerMegabyte: (end.laptopSeconds - begin.laptopSeconds) / megabytes,
      giveSecondsPerMegabyte: (end.serverSeconds - begin.serverSeconds) / megabytes,
      stageSeconds: (samples.at(-1)?.laptopSeconds ?? Number.NaN) - end.laptopSeconds,
      requestSeconds,
    };
  } finally {
    await room.stop();
    execFileSync('rm', ['-r', folder]);
  }
}

/** Questions for a map, as a class asks each other, one after the other over one connection. */
async function answering(pupil: Pupil, school: Pupil): Promise<number> {
  const url = `http://${pupil.address}:${SHARE_PORT}/have/${'0'.repeat(60)}[1000-${999 + QUESTIONS}]`;
  const before = processorSeconds(pupil);
  await school.host.run('curl', ['--silent', '--output', '/dev/null', url]);
  return (processorSeconds(pupil) - before) / QUESTIONS;
}

function sampleOf(pupil: Pupil, school: Pupil): Sample {
  const [laptopSeconds, serverSeconds] = [processorSeconds(pupil), processorSeconds(school)];
  const line = /^\s*eth0:(.*)$/m.exec(readFileSync(`/proc/${school.laptop.pid}/net/dev`, 'utf8'))?.[1] ?? '';
  return { laptopSeconds, serverSeconds, sentBytes: Number(line.trim().split(/\s+/)[8]) };
}

/** So far, by /proc/PID/stat (proc(5): fields 14 and 15, in hundredths; the second field may hold spaces). */
export function processorSeconds({ laptop }: Pupil): number {
  const stat = readFileSync(`/proc/${laptop.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
