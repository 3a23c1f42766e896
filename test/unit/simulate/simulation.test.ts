import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Policy, type Run, timeUntil } from '../../../service/simulate/figures.ts';
import { KERNEL, LAPTOP, links, scaledTo } from '../../../service/simulate/presets.ts';
import { type Simulation, simulate } from '../../../service/simulate/simulation.ts';

const UPDATE = { ...scaledTo(KERNEL, 20e6), manifestBytes: 200_000 };

async function run(policy: Policy, change: Partial<Simulation> = {}): Promise<Run> {
  const [one] = await simulate({
    scene: 'class',
    laptops: 30,
    policies: [policy],
    update: UPDATE,
    links: links(10, 40),
    machine: LAPTOP,
    severity: 'normal',
    isWired: true,
    seed: 7,
    ...change,
  });
  assert.ok(one);
  return one;
}

const last = (one: Run): number => {
  const seconds = timeUntil(one, 1);
  assert.ok(seconds !== undefined, `${one.hasAt.length} of ${one.laptops} have it`);
  return seconds;
};

test('the same seed tells the same story, another one another', async () => {
  const few = { laptops: 8 };
  const first = await run('neighbours', few);
  assert.deepEqual(first, await run('neighbours', few));
  assert.notDeepEqual(first.hasAt, (await run('neighbours', { ...few, seed: 8 })).hasAt);
});

test('what was given was taken, and everybody took all of it once', async () => {
  for (const policy of ['server', 'rsync', 'neighbours', 'bundles'] as const) {
    const one = await run(policy, { laptops: 12 });
    assert.equal(one.hasAt.length, 12, policy);
    const given = one.serverBytes + one.peerBytes;
    assert.ok(Math.abs(given - one.takenBytes) < 1, `${policy}: ${given} given, ${one.takenBytes} taken`);
    if (policy === 'bundles') continue;
    const each = UPDATE.manifestBytes + (policy === 'rsync' ? UPDATE.rsyncBytes : UPDATE.changedBytes);
    assert.ok(Math.abs(one.takenBytes / (12 * each) - 1) < 0.001, `${policy}: ${one.takenBytes / each} updates`);
  }
});

test('neighbours spare the server, and a class gets it sooner', async () => {
  const alone = await run('server');
  const together = await run('neighbours');
  assert.equal(alone.peerBytes, 0);
  assert.ok(together.serverBytes < alone.serverBytes / 8, `${together.serverBytes} of ${alone.serverBytes}`);
  assert.ok(last(together) < last(alone) / 5, `${last(together)} s and ${last(alone)} s`);
});

test('time grows like the logarithm of the class, not like the class', async () => {
  const small = await run('neighbours', { laptops: 10 });
  const middle = await run('neighbours', { laptops: 30 });
  const large = await run('neighbours', { laptops: 60 });
  assert.ok(last(middle) / last(small) < Math.log(30) / Math.log(10), `${last(small)} s, ${last(middle)} s`);
  assert.ok(last(large) / last(small) < Math.log(60) / Math.log(10), `${last(small)} s, ${last(large)} s`);
});

test('where laptops do not give, only rooms that reach the server get it; nobody gets what nobody near has', async () => {
  const school: Partial<Simulation> = { scene: 'school', laptops: 60, isWired: false };
  const alone = await run('server', school);
  assert.ok(alone.hasAt.length > 0);
  const together = await run('bundles', school);
  assert.ok(together.hasAt.length >= alone.hasAt.length);
  assert.ok(together.peerBytes > 0);
});

test('a country has as many laptops as was asked, and each school takes the version once', async () => {
  const country = await run('rsync', { scene: 'country', laptops: 10_000, isWired: false });
  const school = await run('rsync', { scene: 'school', laptops: 60, isWired: false });
  assert.ok(Math.abs(country.laptops / 10_000 - 1) < 0.02, `${country.laptops}`);
  assert.ok(Math.abs(country.uplinkBytes / school.uplinkBytes - 10_000 / 200) < 1);
  const has = country.hasAt.length * country.weight;
  assert.ok(has > 0 && has <= country.laptops, `${has}`);
});

test('a slower link of the server makes everybody wait for it, not the neighbours', async () => {
  const slow = { links: links(2, 40) };
  assert.ok(last(await run('server', slow)) > 4 * last(await run('server')));
});
