import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

const [SPARE, SPENT] = ['spare-memory', 'spent-buffers'].map(
  (name) => new URL(`../../../service/sys/${name}.js`, import.meta.url).href,
);

/** Buffers as a download makes them: each 64 KB, used once. Answers the most that were held at one time. */
function peakOfBuffers(told: boolean): number {
  const program = `
    const { keepLittleSpare } = await import('${SPARE}');
    const { buffersSpent } = await import('${SPENT}');
    if (${told}) keepLittleSpare();
    let peak = 0;
    for (let i = 0; i < 3000; i++) {
      Buffer.alloc(65536, 1);
      if (${told}) buffersSpent(65536);
      peak = Math.max(peak, process.memoryUsage().arrayBuffers);
    }
    console.log(peak);`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }));
}

test('buffers that were told of are freed soon, whatever the engine would do by itself', () => {
  assert.ok(peakOfBuffers(true) < 16e6);
  // Without it the engine waits: if that is no longer so, this module can go.
  assert.ok(peakOfBuffers(false) > 24e6);
});
