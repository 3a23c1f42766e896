/**
 * `npm run test:powercut`: the long run. Usage: main.js [--states N] [--seed N] [--process-one-in N]
 * Exit status 0 only if no state was bad.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Judge } from './judge.ts';
import { cannotLog, memoryFolder } from './logged-disk.ts';
import { replay } from './replay.ts';
import { type Cleanup, prepare, record, wholeLife } from './story.ts';

const { values } = parseArgs({
  options: {
    states: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    'process-one-in': { type: 'string', default: '25' },
  },
});
const [states, seed, processOneIn] = [values.states, values.seed, values['process-one-in']].map(Number);
if (!states || !seed || !processOneIn) throw new Error('usage: main.js [--states N] [--seed N] [--process-one-in N]');
const missing = cannotLog();
if (missing) {
  console.error(`powercut: ${missing}`);
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'ripple-powercut-'));
const memory = mkdtempSync(join(memoryFolder(), 'ripple-powercut-'));
const cleanups: (() => unknown)[] = [
  () => rmSync(folder, { recursive: true, force: true }),
  () => rmSync(memory, { recursive: true, force: true }),
];
try {
  console.log(`seed ${seed}: recording`);
  const t: Cleanup = { after: (work) => cleanups.push(work) };
  const prepared = await prepare(t, folder, memory, seed);
  const judge = new Judge(prepared, join(folder, 'judge'));
  const story = await record(t, prepared, (virtual, tell) => wholeLife(prepared, virtual, tell));
  const startedMs = performance.now();
  const result = await replay({ story, judge, folder: memory, seed, states, processOneIn, say: console.log });
  const { bad, ...counts } = result;
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(JSON.stringify({ seed, ...counts, bad: bad.length, seconds: Math.round(seconds) }));
  for (const { problem, state } of bad.slice(0, 20)) console.error(`bad: ${problem} (${state})`);
  process.exitCode = bad.length === 0 && result.states > 0 ? 0 : 1;
} finally {
  for (const work of cleanups.reverse()) await work();
}
