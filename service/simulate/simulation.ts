/** What `ripple simulate` runs: a class, a school, or a country, once for each policy, and always with the same chances. */
import { type Links, type Machine, POLICY_TITLES, type Policy, type Run, type Update } from './figures.ts';
import { CLASS_PIECES, CLASS_QUANTUM_SECONDS, SCHOOL_PIECES, SCHOOL_QUANTUM_SECONDS, SLOTS } from './presets.ts';
import { Random } from './random.ts';
import { runSchool } from './school.ts';
import { classWorld, schoolWorld } from './world.ts';

export interface Simulation {
  readonly scene: 'class' | 'school' | 'country';
  readonly laptops: number;
  readonly policies: readonly Policy[];
  readonly update: Update;
  readonly links: Links;
  readonly machine: Machine;
  readonly severity: 'normal' | 'critical';
  /** Of a class: cables and no shared air. */
  readonly isWired: boolean;
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** Now and then: a share from 0 to 1, and which policy is at what hour. */
  readonly onProgress?: (share: number, what: string) => void;
}

export const DAYS = 3;
/** Laptops of the schools that are simulated for a country, how many of hundred schools are like that, and how many are simulated. */
export const SAMPLES = [
  { laptops: 60, percent: 40, schools: 4 },
  { laptops: 180, percent: 40, schools: 2 },
  { laptops: 520, percent: 20, schools: 1 },
] as const;

type Progress = (share: number, hours: number) => void;

/** One run for each policy. @throws RippleError `Cancelled` */
export async function simulate(simulation: Simulation): Promise<readonly Run[]> {
  const { scene, policies, seed, laptops, onProgress } = simulation;
  const runs: Run[] = [];
  for (const policy of policies) {
    const progress: Progress = (share, hours) =>
      onProgress?.((runs.length + share) / policies.length, `${POLICY_TITLES[policy]}, hour ${Math.floor(hours)}`);
    const run =
      scene === 'country'
        ? countryOf(simulation, policy, progress)
        : placeOf(simulation, policy, laptops, seed, progress);
    runs.push(await run);
  }
  return runs;
}

function placeOf(
  simulation: Simulation,
  policy: Policy,
  laptops: number,
  seed: number,
  progress: Progress,
): Promise<Run> {
  const { scene, links, isWired } = simulation;
  const isClass = scene === 'class';
  // Who is where is the same for each policy.
  const world = isClass
    ? classWorld({ laptops, links, isWired })
    : schoolWorld({ laptops, links, days: DAYS, random: new Random(seed ^ laptops) });
  return runSchool({
    ...simulation,
    policy,
    seed,
    world,
    mostPieces: isClass ? CLASS_PIECES : SCHOOL_PIECES,
    slots: SLOTS,
    quantumSeconds: isClass ? CLASS_QUANTUM_SECONDS : SCHOOL_QUANTUM_SECONDS,
    onProgress: (has, all, seconds) => progress(Math.max(has / all, seconds / world.endSeconds), seconds / 3600),
  });
}

/**
 * Schools share nothing but the publisher, and he gives to each once: so a few schools of each size are simulated, and stand for
 * all of their size, each of which begins when its server has the version. These begin one after the other as their servers look
 * (a quarter of an hour); what one has is what its sample has, moved by that time.
 */
async function countryOf(simulation: Simulation, policy: Policy, progress: Progress): Promise<Run> {
  const { seed, laptops: all } = simulation;
  const perSchool = SAMPLES.reduce((sum, { laptops, percent }) => sum + (laptops * percent) / 100, 0);
  const schools = Math.max(1, Math.round(all / perSchool));
  const random = new Random(seed);
  const samples = SAMPLES.flatMap(({ laptops, percent, schools: like }) =>
    Array.from({ length: like }, (_, nth) => ({ laptops, times: (schools * percent) / 100 / like, seed: seed + nth })),
  );
  const toDo = samples.reduce((sum, { laptops }) => sum + laptops, 0);
  const runs: { readonly times: number; readonly run: Run }[] = [];
  let done = 0;
  for (const { laptops, times, seed: own } of samples) {
    const part: Progress = (share, hours) => progress((done + share * laptops) / toDo, hours);
    runs.push({ times, run: await placeOf(simulation, policy, laptops, own, part) });
    done += laptops;
  }
  const add = (what: (run: Run) => number): number => runs.reduce((sum, { times, run }) => sum + times * what(run), 0);
  const hasAt = runs.flatMap(({ times, run }) => run.hasAt.flatMap((at) => moved(at, times, all, random)));
  return {
    policy,
    laptops: Math.round(add(({ laptops }) => laptops)),
    hasAt: hasAt.map(({ at }) => at).sort((a, b) => a - b),
    weight: hasAt[0]?.weight ?? 1,
    serverBytes: add(({ serverBytes }) => serverBytes),
    peerBytes: add(({ peerBytes }) => peerBytes),
    takenBytes: add(({ takenBytes }) => takenBytes),
    uplinkBytes: add(({ uplinkBytes }) => uplinkBytes),
    airSeconds: add(({ airSeconds }) => airSeconds),
    busiestAirSeconds: Math.max(...runs.map(({ run }) => run.busiestAirSeconds)),
    waitedForPower: add(({ waitedForPower }) => waitedForPower),
    wakePackets: add(({ wakePackets }) => wakePackets),
    endSeconds: Math.max(...runs.map(({ run }) => run.endSeconds)) + UPSTREAM_SECONDS,
  };
}

const UPSTREAM_SECONDS = 900;
/** Of so many laptops each one time is kept for the plot. */
const KEPT = 20_000;

function moved(
  at: number,
  times: number,
  laptops: number,
  random: Random,
): readonly { readonly at: number; readonly weight: number }[] {
  const weight = Math.max(1, laptops / KEPT);
  const count = Math.floor(times / weight + random.next());
  return Array.from({ length: count }, () => ({ at: at + random.between(0, UPSTREAM_SECONDS), weight }));
}
