/**
 * `npm run test:powercut`: the long run. A story has only so many distinct crash states, so several are recorded, each from
 * trees of its own. Usage: main.js [--states N] [--seed N] [--process-one-in N] [--btrfs]. Exit status 0 only if no state was bad.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Judge } from './judge.ts';
import { cannotLog, memoryFolder } from './logged-disk.ts';
import { type ReplayResult, replay } from './replay.ts';
import { type Cleanup, prepare, record, wholeLife } from './story.ts';

const STATES_A_STORY = 1500;
/** Fewer than this from one story: something is wrong with it. */
const LEAST_A_STORY = 200;

const { values } = parseArgs({
  options: {
    states: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    'process-one-in': { type: 'string', default: '25' },
    btrfs: { type: 'boolean', default: false },
  },
});
const number = (name: 'states' | 'seed' | 'process-one-in'): number => {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`powercut: --${name} must be a whole number above 0, not ${values[name]}`);
  process.exit(2);
};
const [states, seed, processOneIn] = [number('states'), number('seed'), number('process-one-in')];
const missing = cannotLog();
if (missing) {
  console.error(`powercut: ${missing}`);
  process.exit(1);
}

async function oneStory(storySeed: number, wanted: number): Promise<ReplayResult> {
  const folder = mkdtempSync(join(tmpdir(), 'ripple-powercut-'));
  const memory = mkdtempSync(join(memoryFolder(), 'ripple-powercut-'));
  const cleanups: (() => unknown)[] = [folder, memory].map(
    (path) => () => rmSync(path, { recursive: true, force: true }),
  );
  const t: Cleanup = { after: (work) => cleanups.push(work) };
  try {
    console.log(`seed ${storySeed}: recording`);
    const prepared = await prepare(t, folder, memory, storySeed, values.btrfs ? 'btrfs' : 'ext4');
    const judge = new Judge(prepared, join(folder, 'judge'));
    const story = await record(t, prepared, (virtual, tell) => wholeLife(prepared, virtual, tell));
    const options = { seed: storySeed, states: wanted, processOneIn, say: console.log };
    return await replay({ story, judge, folder: memory, ...options });
  } finally {
    for (const work of cleanups.reverse()) await work();
  }
}

const startedMs = performance.now();
let [looked, byProcess, badCount] = [0, 0, 0];
for (let storySeed = seed; looked < states; storySeed++) {
  const wanted = Math.min(STATES_A_STORY, states - looked);
  const { bad, ...counts } = await oneStory(storySeed, wanted);
  console.log(JSON.stringify({ seed: storySeed, bad: bad.length, ...counts }));
  for (const { problem, state } of bad.slice(0, 20)) console.error(`bad: ${problem} (${state})`);
  looked += counts.states;
  byProcess += counts.byProcess;
  badCount += bad.length;
  if (counts.states < Math.min(wanted, LEAST_A_STORY)) throw new Error(`only ${counts.states} states came of a story`);
}
const seconds = Math.round((performance.now() - startedMs) / 1000);
console.log(
  `${looked} distinct states from seed ${seed} on, ${byProcess} of them recovered by a daemon process: ${badCount} bad, in ${seconds} s`,
);
process.exitCode = badCount === 0 ? 0 : 1;
