import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Run } from '../../../service/simulate/figures.ts';
import { type Flow, Flows } from '../../../service/simulate/flows.ts';
import { simulationPlot } from '../../../service/simulate/plot.ts';
import { Random } from '../../../service/simulate/random.ts';
import { type Shared, shared } from '../../../service/simulate/shared.ts';
import { simulationTable } from '../../../service/simulate/table.ts';
import { VirtualTime } from '../../../service/simulate/virtual-time.ts';
import { wakeUp } from '../../../service/simulate/wake.ts';

/** Flows at a time that the test sets. */
function flowing(quantum = 0): { readonly flows: Flows; readonly passTo: (seconds: number) => void } {
  let now = 0;
  const flows = new Flows(() => now, quantum);
  const passTo = (seconds: number): void => {
    for (; flows.nextAt <= seconds; flows.pass()) now = Math.max(now, flows.nextAt);
    now = seconds;
  };
  return { flows, passTo };
}

interface Told {
  came: number;
  isDone: boolean;
}

function begin(flows: Flows, amount: number, through: readonly Shared[], weight = 1): { told: Told; flow: Flow } {
  const told: Told = { came: 0, isDone: false };
  const flow = flows.start({
    amount,
    through: through.map((one) => ({ shared: one, weight })),
    most: 1e9,
    came: (units) => {
      told.came += units;
    },
    done: () => {
      told.isDone = true;
    },
  });
  return { told, flow };
}

test('two flows share a link, and what one cannot use the other gets', () => {
  const [link, slow] = [shared('link', 100), shared('slow', 20)];
  const { flows, passTo } = flowing();
  const quick = begin(flows, 800, [link]);
  const held = begin(flows, 200, [link, slow]);
  passTo(9.9);
  assert.deepEqual([quick.told.isDone, held.told.isDone], [false, false]);
  assert.ok(Math.abs(flows.came(held.flow) - 198) < 1e-6, `${flows.came(held.flow)}`);
  assert.ok(
    flows.came(quick.flow) > 0.7 * 9.9 * 100,
    `${flows.came(quick.flow)} of a link that is hardly used otherwise`,
  );
  passTo(20);
  assert.deepEqual(
    [quick.told, held.told],
    [
      { came: 800, isDone: true },
      { came: 200, isDone: true },
    ],
  );
  assert.equal(Math.round(link.carried), 1000);
  assert.equal(flows.nextAt, Number.POSITIVE_INFINITY);
});

test('what needs more of a processor for each byte comes more slowly by it', () => {
  const processor = shared('processor', 1);
  const { flows, passTo } = flowing();
  const dear = begin(flows, 10, [processor], 0.2);
  const cheap = begin(flows, 1000, [processor], 0.001);
  passTo(4.01);
  assert.deepEqual([dear.told.isDone, cheap.told.isDone], [true, true]);
  assert.ok(Math.abs(processor.carried - 3) < 1e-6, `${processor.carried} s of work`);
  assert.ok(Math.abs(processor.busySeconds - 3) < 1e-6, `${processor.busySeconds} s`);
});

test('who is cut off is told nothing, and kept what came', () => {
  const { flows, passTo } = flowing();
  const { told, flow } = begin(flows, 100, [shared('link', 10)]);
  passTo(4);
  flows.cut(flow);
  passTo(100);
  assert.deepEqual(told, { came: 40, isDone: false });
});

test('however flows come, go and are cut, no link gives more than it has, and all that left came', () => {
  for (const quantum of [0, 0.5]) {
    const random = new Random(5);
    const links = Array.from({ length: 12 }, (_, i) => shared(`link ${i}`, random.between(5, 50)));
    const { flows, passTo } = flowing(quantum);
    const all: ReturnType<typeof begin>[] = [];
    for (let now = 0; now < 200; now += random.exponential(0.5)) {
      const through = random.shuffled(links).slice(0, 1 + random.integer(3));
      all.push(begin(flows, random.between(1, 60), through));
      const cut = random.chance(0.2) ? all[random.integer(all.length)] : undefined;
      if (cut) flows.cut(cut.flow);
      passTo(now);
      for (const { capacity, used, name } of links)
        assert.ok(used <= capacity * (1 + 1e-9), `${name}: ${used} of ${capacity}`);
    }
    passTo(10_000);
    for (const link of links) {
      const came = all.filter(({ flow }) => flow.through.some((one) => one.shared === link));
      const sum = came.reduce((total, { told }) => total + told.came, 0);
      assert.ok(Math.abs(link.carried - sum) < 1e-3, `${link.name}: ${link.carried} left, ${sum} came`);
      assert.ok(
        link.carried <= link.perSecond(1) * link.busySeconds * (1 + 1e-6),
        `${link.name} gave more than it has`,
      );
    }
    for (const { told, flow } of all) assert.ok(!told.isDone || Math.abs(told.came - flow.amount) < 1e-6);
    assert.ok(all.filter(({ told }) => told.isDone).length > all.length / 2);
  }
});

test('what is planned happens in the order of its time', () => {
  const time = new VirtualTime();
  const told: number[] = [];
  for (const at of [30, 10, 20, 10]) time.in(at, () => told.push(at === 10 ? at + told.length : at));
  time.advanceTo(25);
  assert.deepEqual(told, [10, 11, 20]);
  assert.equal(time.nowMs, 25);
  time.advanceTo(30);
  assert.deepEqual(told, [10, 11, 20, 30]);
});

test('of a class that hears a wake-up packet a few repeat it, however large it is', () => {
  const packets = wakeUp(300, new Random(3)).packets;
  assert.ok(packets >= 3 && packets < 15, `${packets}`);
  assert.equal(wakeUp(0, new Random(3)).packets, 1);
});

const RUN: Run = {
  policy: 'neighbours',
  laptops: 3,
  hasAt: [10, 20],
  weight: 1,
  serverBytes: 2e9,
  peerBytes: 1000,
  takenBytes: 2e9 + 1000,
  uplinkBytes: 5,
  airSeconds: 7300,
  busiestAirSeconds: 1,
  wakePackets: 3,
  waitedForPower: 0,
  endSeconds: 30,
};

test('the table says who has it not yet', () => {
  const [head, row] = simulationTable([RUN]).split('\n');
  assert.match(head ?? '', /^policy +half +90% +last +have it/);
  assert.match(row ?? '', /^neighbours first +20 s +not yet +not yet +67% +2\.00 GB +1\.00 kB +5\.00 B +2\.0 h$/);
});

test('the plot has a curve for each policy, and no number that is none', () => {
  const svg = simulationPlot('a < b', [RUN, { ...RUN, policy: 'server', hasAt: [] }]);
  assert.equal(svg.match(/<polyline/g)?.length, 2);
  assert.ok(svg.includes('a &lt; b'));
  assert.ok(!/NaN|Infinity|undefined/.test(svg));
});
