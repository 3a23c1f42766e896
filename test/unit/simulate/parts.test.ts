import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Run } from '../../../service/simulate/figures.ts';
import { Flows, shared } from '../../../service/simulate/flows.ts';
import { simulationPlot } from '../../../service/simulate/plot.ts';
import { Random } from '../../../service/simulate/random.ts';
import { simulationTable } from '../../../service/simulate/table.ts';
import { VirtualTime } from '../../../service/simulate/virtual-time.ts';
import { wakeUp } from '../../../service/simulate/wake.ts';

test('two flows share a link, and what one cannot use the other gets', () => {
  const [link, slow] = [shared('link', 100), shared('slow', 20)];
  const flows = new Flows();
  const ends: string[] = [];
  let [came, slowly] = [0, 0];
  flows.start({
    left: 800,
    through: [link],
    most: 1e9,
    came: (units) => (came += units),
    done: () => ends.push('quick'),
  });
  flows.start({
    left: 200,
    through: [link, slow],
    most: 1e9,
    came: (units) => (slowly += units),
    done: () => ends.push('slow'),
  });
  flows.pass(0);
  flows.pass(flows.nextEnd / 2);
  assert.deepEqual(ends, []);
  flows.pass(20);
  assert.deepEqual([...ends].sort(), ['quick', 'slow']);
  assert.equal(Math.round(came), 800);
  assert.equal(Math.round(slowly), 200);
  assert.equal(Math.round(link.carried), 1000);
  assert.ok(flows.isIdle);
});

test('who is cut off is told nothing, and kept what came', () => {
  const flows = new Flows();
  let [came, done] = [0, false];
  const flow = flows.start({
    left: 100,
    through: [shared('link', 10)],
    most: 1e9,
    came: (units) => (came += units),
    done: () => (done = true),
  });
  flows.pass(0);
  flows.pass(1);
  flows.cut(flow);
  flows.pass(4);
  flows.pass(100);
  assert.equal(done, false);
  assert.ok(came > 0 && came < 100, `${came}`);
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
