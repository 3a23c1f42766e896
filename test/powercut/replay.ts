/** Rebuilds crash states of a recorded story, and has each judged. */
import { readFileSync } from 'node:fs';
import { seeded } from '../helpers/random.ts';
import { readBlockLog } from './block-log.ts';
import { CrashDisk } from './crash-disk.ts';
import { type CrashKind, type CrashState, crashEpochs, type Epoch, flush } from './crash-states.ts';
import { DiskImage } from './disk-image.ts';
import type { Judge, Starter } from './judge.ts';
import type { Promised, Story } from './story.ts';

export interface ReplayOptions {
  readonly story: Story;
  readonly judge: Judge;
  /** In memory, if it can be. */
  readonly folder: string;
  readonly seed: number;
  /** How many distinct states to look at, at most. */
  readonly states: number;
  /** One in so many is recovered by a daemon process of its own. */
  readonly processOneIn: number;
  readonly say?: (line: string) => void;
}

export interface Bad {
  readonly problem: string;
  readonly state: string;
}

export interface ReplayResult {
  readonly entries: number;
  readonly epochs: number;
  /** Distinct in content or in what had been promised. */
  readonly states: number;
  readonly contents: number;
  readonly byKind: Readonly<Record<CrashKind, number>>;
  readonly byProcess: number;
  readonly bad: readonly Bad[];
}

/** Random states at each request; then as many as are wanted are chosen, evenly over the times between two flushes. */
const SAMPLES = [2, 4, 8, 16, 32, 64];

export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { story, judge, folder, seed, states: wanted, processOneIn } = options;
  const entries = readBlockLog(story.logFile);
  const last = story.promises.at(-1);
  if (last === undefined) throw new Error('nothing was promised');
  const base = readFileSync(story.base);
  const chosen = choose(entries, base, story, seed, wanted);
  const byKind: Record<CrashKind, number> = { 'only flushed': 0, 'ordered prefix': 0, 'random subset': 0 };
  const bad: Bad[] = [];
  const contents = new Set<string>();
  let [done, byProcess, epochs] = [0, 0, 0];
  const disk = new CrashDisk(folder, base.length, story.fileSystem);
  const image = new DiskImage(base);
  try {
    for (const epoch of crashEpochs(entries, chosen.samples, seeded(seed))) {
      epochs++;
      for (const [index, state] of epoch.states.entries()) {
        if (!chosen.states.has(`${epoch.number}/${index}`)) continue;
        const starter: Starter = done % processOneIn === processOneIn - 1 ? 'process' : 'function';
        contents.add(image.nameAfter(state.writes));
        const [last, next] = promisesAt(story, state);
        const problem =
          disk.mount(image, state.writes, judge.mountPoint) ||
          (await judge.judge(last, next, starter).finally(() => disk.unmount(judge.mountPoint)));
        done++;
        byKind[state.kind]++;
        if (starter === 'process') byProcess++;
        if (problem)
          bad.push({
            problem: `after "${last.what}": ${problem}`,
            state: `${state.kind} before request ${state.before}, seed ${seed}`,
          });
        if (done % 250 === 0) options.say?.(`${done} states, ${bad.length} bad`);
      }
      flush(image, epoch);
    }
  } finally {
    disk.close();
  }
  return { entries: entries.length, epochs, states: done, contents: contents.size, byKind, byProcess, bad };
}

/** What had been promised when the power went, and what was under way. */
function promisesAt({ promises }: Story, { before }: CrashState): readonly [Promised, Promised] {
  const next = promises.findIndex(({ at }) => at > before);
  const last = promises[(next < 0 ? promises.length : next) - 1] ?? promises[0];
  if (last === undefined) throw new Error('nothing was promised');
  return [last, promises[next] ?? last];
}

/** Names of the states to look at: epoch and number within it. The same for the same seed. */
function choose(
  entries: ReturnType<typeof readBlockLog>,
  base: Buffer,
  story: Story,
  seed: number,
  wanted: number,
): { readonly samples: number; readonly states: ReadonlySet<string> } {
  for (const samples of SAMPLES) {
    const epochs: string[][] = [];
    const image = new DiskImage(base);
    const seen = new Set<string>();
    for (const epoch of crashEpochs(entries, samples, seeded(seed))) {
      epochs.push(distinct(epoch, image, story, seen));
      flush(image, epoch);
    }
    if (seen.size < wanted && samples !== SAMPLES.at(-1)) continue;
    return { samples, states: evenly(epochs, wanted, seed) };
  }
  throw new Error('unreachable');
}

function distinct(epoch: Epoch, image: DiskImage, story: Story, seen: Set<string>): string[] {
  return epoch.states.flatMap((state, index) => {
    const key = `${image.nameAfter(state.writes)} ${promisesAt(story, state)[0].what}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [`${epoch.number}/${index}`];
  });
}

/** One from each epoch in turn, until there are enough: short epochs are where commits are. */
function evenly(epochs: readonly string[][], wanted: number, seed: number): Set<string> {
  const random = seeded(seed + 1);
  const chosen = new Set<string>();
  const left = epochs.filter((names) => names.length > 0).map((names) => [...names]);
  while (chosen.size < wanted && left.some((names) => names.length > 0))
    for (const names of left) {
      const [name] = names.splice(random.integer(names.length), 1);
      if (name !== undefined && chosen.size < wanted) chosen.add(name);
    }
  return chosen;
}
