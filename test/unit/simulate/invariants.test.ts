import assert from 'node:assert/strict';
import { test } from 'node:test';
import { POLICIES, type Policy } from '../../../service/simulate/figures.ts';
import type { Host } from '../../../service/simulate/host.ts';
import { KERNEL, LAPTOP, links, scaledTo } from '../../../service/simulate/presets.ts';
import { Random } from '../../../service/simulate/random.ts';
import type { Running, Scene } from '../../../service/simulate/scene.ts';
import { runSchool, type SchoolRunOptions } from '../../../service/simulate/school.ts';
import { classWorld, schoolWorld } from '../../../service/simulate/world.ts';

const UPDATE = { ...scaledTo(KERNEL, 40e6), manifestBytes: 400_000 };
const LINKS = links(2, 20);

/** A school where laptops close, walk and stay at home: what is on its way is cut all the time. */
function school(policy: Policy, change: Partial<SchoolRunOptions> = {}): SchoolRunOptions {
  return {
    policy,
    update: UPDATE,
    links: LINKS,
    machine: LAPTOP,
    severity: 'critical',
    world: schoolWorld({ laptops: 45, links: LINKS, days: 1, random: new Random(4) }),
    seed: 2,
    mostPieces: 12,
    slots: 4,
    quantumSeconds: 0.5,
    ...change,
  };
}

test('nobody gives what it has not, to nobody that it does not hear, and who sleeps neither gives nor gets', async () => {
  for (const policy of POLICIES) {
    let seen = 0;
    const watch = (scene: Scene): void => {
      for (const { from, to, what } of scene.sendings()) {
        seen += 1;
        assert.ok(scene.canHear(from, to), `${policy}: ${from.id} and ${to.id} do not hear each other`);
        assert.ok(to.spot, `${policy}: ${to.id} sleeps`);
        const has =
          what === 'bundle' ? from.hasBundle : what === 'tree' ? from === scene.server : scene.holds(from, what);
        assert.ok(has, `${policy}: ${from.id} gives ${what}, which it does not have`);
        assert.ok(from.kind === 'school' || !['server', 'rsync'].includes(policy), `${policy}: ${from.id} gives`);
      }
    };
    await runSchool(school(policy, { watch }));
    assert.ok(seen > 100, `${policy}: ${seen} seen`);
  }
});

test('the server never gives more than its link carries, over any stretch of time', async () => {
  for (const policy of POLICIES) {
    const given: (readonly [seconds: number, bytes: number])[] = [[0, 0]];
    const watch = (scene: Scene): void => {
      scene.flows.settle();
      given.push([scene.time.nowMs / 1000, scene.server.givenBytes]);
      assert.ok(Math.abs(scene.server.givenBytes - scene.server.link.carried) < 1, 'given, and gone over its link');
    };
    const { serverBytes } = await runSchool(school(policy, { watch }));
    assert.ok(serverBytes > 0);
    for (const apart of [1, 10, 1000])
      for (let i = apart; i < given.length; i++) {
        const [[from, before], [to, after]] = [given[i - apart] ?? [0, 0], given[i] ?? [0, 0]];
        const most = LINKS.serverBytesPerSecond * (to - from) * (1 + 1e-6) + 1;
        assert.ok(after - before <= most, `${policy}: ${after - before} bytes from ${from} s to ${to} s`);
      }
  }
});

test('what was taken is what was kept, and what was cut on its way', async () => {
  for (const policy of ['server', 'neighbours'] as const) {
    let before = new Map<Running, number>();
    let [whole, cutAtLeast, cutAtMost, kept] = [0, 0, 0, 0];
    const watch = (scene: Scene, laptops: readonly Host[]): void => {
      scene.flows.settle();
      const now = new Map([...scene.sendings()].map((one) => [one, one.flow.amount - one.flow.left]));
      for (const [one, came] of before) {
        if (now.has(one)) continue;
        if (one.flow.left <= 0) whole += one.bytes;
        else [cutAtLeast, cutAtMost] = [cutAtLeast + came, cutAtMost + one.bytes];
      }
      before = now;
      kept = laptops.reduce((sum, host) => sum + keptBytes(scene, host), 0);
    };
    const run = await runSchool(school(policy, { watch }));
    const taken = run.takenBytes;
    assert.ok(Math.abs(run.serverBytes + run.peerBytes - taken) < 1, 'given is taken');
    assert.ok(cutAtMost > 0, 'nothing was cut');
    assert.ok(Math.abs(kept - whole) < 1, `${policy}: ${kept} kept, ${whole} came whole`);
    assert.ok(taken >= whole + cutAtLeast - 1, `${policy}: ${taken} taken, ${whole} whole, ${cutAtLeast} cut`);
    assert.ok(taken <= whole + cutAtMost + 1, `${policy}: ${taken} taken, ${whole} whole, ${cutAtMost} cut`);
  }
});

function keptBytes(scene: Scene, host: Host): number {
  const pieces = scene.refs.reduce((sum, { sizeBytes }, index) => sum + (host.has(index) ? sizeBytes : 0), 0);
  return pieces + (host.hasManifest ? UPDATE.manifestBytes : 0);
}

test('an empty battery fetches nothing until it is on mains, and who has none waits for nothing', async () => {
  const laptops = 10;
  const world = classWorld({ laptops, links: LINKS, isWired: true });
  const stays = Array.from({ length: laptops }, (_, index) => [
    { ...world.stays[0]?.[0], atSeconds: 0, spot: world.stays[0]?.[0]?.spot, onMains: false },
    // Half of them are plugged in after half an hour, the others never.
    ...(index % 2 === 0 ? [{ atSeconds: 1800, spot: world.stays[0]?.[0]?.spot, onMains: true }] : []),
  ]);
  const low = await runSchool(school('server', { world: { ...world, stays, charges: stays.map(() => 15) } }));
  assert.equal(low.hasAt.length, laptops / 2);
  assert.ok((low.hasAt[0] ?? 0) > 1800, `the first after ${low.hasAt[0]} s`);
  assert.equal(low.waitedForPower, laptops);
  const none = await runSchool(school('server', { world: { ...world, stays } }));
  assert.equal(none.hasAt.length, laptops);
  assert.equal(none.waitedForPower, 0);
});
