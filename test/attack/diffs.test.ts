import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { StormJob, StormReply } from '../helpers/diff-storm.ts';

// Longer: RIPPLE_FUZZ_CASES=1000000 RIPPLE_FUZZ_PAIRS=100000 RIPPLE_FUZZ_SEED=7
const CASES = Number(process.env.RIPPLE_FUZZ_CASES ?? 100_000);
const PAIRS = Number(process.env.RIPPLE_FUZZ_PAIRS ?? 10_000);
const SEED = Number(process.env.RIPPLE_FUZZ_SEED ?? 1);
const HEAP_MEGABYTES = 256;
/** No case takes a hundredth of this: one that does has no end. */
const STUCK_MS = 120_000;

/** Answers how many came out right. */
async function storm(job: StormJob): Promise<number> {
  const worker = new Worker(new URL('../helpers/diff-storm.js', import.meta.url), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
  });
  let last = 0;
  try {
    return await new Promise<number>((resolve, reject) => {
      const stuck = (): void => reject(new Error(`seed ${job.seed}, case ${last}: has no end`));
      const timer = setTimeout(stuck, STUCK_MS);
      worker.on('message', (reply: StormReply) => {
        if (reply.kind === 'done') resolve(reply.good);
        else last = reply.number;
        timer.refresh();
      });
      worker.on('error', (error) =>
        reject(new Error(`seed ${job.seed}, case ${last}: ${error.message}`, { cause: error })),
      );
      worker.on('exit', () => clearTimeout(timer));
    });
  } finally {
    await worker.terminate();
  }
}

// Both at once, each on a thread of its own.
const pairs = storm({ kind: 'pairs', seed: SEED, cases: PAIRS });
const diffs = storm({ kind: 'diffs', seed: SEED, cases: CASES });
for (const one of [pairs, diffs]) one.catch(() => undefined);

test(`${PAIRS} generated pairs come back the same in every format (seed ${SEED})`, async () => {
  assert.equal(await pairs, PAIRS);
});

test(`${CASES} damaged diffs and bundles end in a clean error or within their bounds (seed ${SEED})`, async (t) => {
  const good = await diffs;
  t.diagnostic(`seed ${SEED}: ${good} of ${CASES} still made the right file`);
});
