/** The measured class once more, in `ripple simulate`'s virtual time; and a larger one that no test bench holds. */
import type { Machine, Policy, Run } from '../../../service/simulate/figures.ts';
import { measuredClass } from '../../../service/simulate/presets.ts';
import { runSchool } from '../../../service/simulate/school.ts';
import { classWorld } from '../../../service/simulate/world.ts';
import { type AloneFigures, type ClassFigures, type ClassRun, lastSeconds, OURS, OWN_HTTP } from './figures.ts';

export interface SimulatedRun {
  readonly way: string;
  readonly laptops: number;
  readonly lastSeconds: number;
  readonly medianSeconds: number;
  readonly serverBytes: number;
  /** What was measured; absent: only simulated, each laptop with a processor of its own. */
  readonly measured: ClassRun | undefined;
}

export const LARGE_CLASS = 1000;
/** Of a large class the contents are put together to so many, for it to be simulated in a minute. */
const LARGE_PIECES = 32;
/** The middle of so many stories. */
const SEEDS = [1, 2, 3, 4, 5];

type Known = Pick<ClassFigures, 'setup'> & { readonly alone: AloneFigures };

/** Ways that are no policy of the simulator (OSTree) are left out. */
export async function simulateMeasured(figures: ClassFigures): Promise<readonly SimulatedRun[]> {
  const { alone } = figures;
  if (!alone) return [];
  const simulated: SimulatedRun[] = [];
  for (const measured of figures.runs) {
    const policy = policyOf(measured.way);
    if (!policy) continue;
    const machine = machineOf(policy, { ...figures, alone }, figures.setup.cores);
    simulated.push(await middleOf(figures, policy, measured.laptops, machine, measured));
  }
  const own = machineOf('neighbours', { ...figures, alone }, 0);
  const most = Math.max(...figures.runs.map(({ laptops }) => laptops));
  for (const laptops of [most, LARGE_CLASS])
    simulated.push(await middleOf(figures, 'neighbours', laptops, own, undefined));
  return simulated;
}

/** Simulated against measured, in per cent. */
export function deviations({ measured, ...simulated }: SimulatedRun): { last: number; server: number } | undefined {
  if (!measured) return undefined;
  const per = (is: number, was: number): number => (100 * (is - was)) / was;
  return {
    last: per(simulated.lastSeconds, lastSeconds(measured)),
    server: per(simulated.serverBytes, measured.serverBytes),
  };
}

function policyOf(way: string): Policy | undefined {
  if (way === OURS) return 'neighbours';
  if (way === OWN_HTTP) return 'server';
  return way.startsWith('rsync') ? 'rsync' : undefined;
}

/** Stock rsync does not look around, and has made its tree when the last byte came. */
function machineOf(policy: Policy, { setup, alone }: Known, sharedCores: number): Machine {
  // What a blob's own question costs was measured as a part of its bytes.
  const perMegabyte = (alone.requestSeconds * setup.blobs * 1e6) / setup.contentBytes;
  return {
    ...alone,
    ...(policy === 'rsync' ? { lookSeconds: 0, stageSeconds: 0 } : {}),
    takeSecondsPerMegabyte: Math.max(0, alone.takeSecondsPerMegabyte - perMegabyte),
    giveSecondsPerMegabyte: Math.max(0, alone.giveSecondsPerMegabyte - perMegabyte),
    stageSecondsPerMegabyte: 0,
    unpackSeconds: 0,
    sharedCores,
  };
}

async function middleOf(
  { setup }: ClassFigures,
  policy: Policy,
  laptops: number,
  machine: Machine,
  measured: ClassRun | undefined,
): Promise<SimulatedRun> {
  const { links, update, quantumSeconds } = measuredClass(setup);
  const runs: Run[] = [];
  for (const seed of laptops < LARGE_CLASS ? SEEDS : SEEDS.slice(0, 1))
    runs.push(
      await runSchool({
        ...{ policy, update, links, machine, seed, slots: setup.slots },
        severity: 'normal',
        world: classWorld({ laptops, links, isWired: true }),
        mostPieces: laptops < LARGE_CLASS ? setup.blobs : LARGE_PIECES,
        evenPieces: true,
        quantumSeconds,
      }),
    );
  const middle = (what: (run: Run) => number): number =>
    runs.map(what).toSorted((a, b) => a - b)[Math.floor(runs.length / 2)] ?? Number.NaN;
  return {
    way: policyTitle(policy, measured),
    laptops,
    lastSeconds: middle(({ hasAt }) => hasAt.at(-1) ?? Number.NaN),
    medianSeconds: middle(({ hasAt }) => hasAt[Math.floor(hasAt.length / 2)] ?? Number.NaN),
    serverBytes: middle(({ serverBytes }) => serverBytes),
    measured,
  };
}

function policyTitle(policy: Policy, measured: ClassRun | undefined): string {
  return measured?.way ?? (policy === 'neighbours' ? OURS : policy);
}
