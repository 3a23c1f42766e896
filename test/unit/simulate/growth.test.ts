import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Policy } from '../../../service/simulate/figures.ts';
import { KERNEL, LAPTOP, links, scaledTo } from '../../../service/simulate/presets.ts';
import { runSchool } from '../../../service/simulate/school.ts';
import { classWorld } from '../../../service/simulate/world.ts';

const LINKS = links(10, 40);

/** Simulated seconds until the last of a class has it. */
async function lastSeconds(policy: Policy, laptops: number): Promise<number> {
  const run = await runSchool({
    policy,
    update: { ...scaledTo(KERNEL, 4e6), manifestBytes: 40_000 },
    links: LINKS,
    machine: LAPTOP,
    severity: 'critical',
    world: classWorld({ laptops, links: LINKS, isWired: true }),
    seed: 3,
    mostPieces: 8,
    slots: 4,
    quantumSeconds: 0.02,
  });
  assert.equal(run.hasAt.length, laptops);
  return run.hasAt.at(-1) ?? Number.NaN;
}

test('twice the class: the neighbours need hardly longer, the server twice as long', async () => {
  const sizes = [250, 500, 1000];
  const [a = 0, b = 0, c = 0] = await Promise.all(sizes.map((laptops) => lastSeconds('neighbours', laptops)));
  const growth = Math.log(1000) / Math.log(250);
  assert.ok(Math.max(b, c) / a < growth, `${a} s, ${b} s, ${c} s: more than by the logarithm`);
  const [d = 0, e = 0, f = 0] = await Promise.all(sizes.map((laptops) => lastSeconds('server', laptops)));
  for (const times of [e / d, f / e]) assert.ok(times > 1.8 && times < 2.2, `${d} s, ${e} s, ${f} s`);
});
