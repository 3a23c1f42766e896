/**
 * The whole class: thirty real daemons and their teacher's in namespaces of their own, a school server, real mDNS. One story
 * in order, for thirty daemons take half a minute to start on two cores.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sampleMemory } from '../bench/process-memory.ts';
import { namespacesMissing } from '../helpers/netns.ts';
import { rippleOk } from '../helpers/ripple.ts';
import { blobsHere, chosen, idOf, isStaged, logOf, type Pupil } from '../helpers/school-class.ts';
import { until } from '../helpers/until.ts';
import {
  assertTree,
  gottenFrom,
  leave,
  moreRoom,
  NEW,
  OLD,
  openScene,
  PUPILS,
  type Scene,
  seenByTeacher,
} from './scene.ts';

/** Some minutes of looking: other programs may have most of the machine. */
const LOOKS = 1500;
const MOST_UPDATES_GIVEN = 3;
const PACKETS_A_MINUTE = 10;
const REST_SECONDS = 60;
const SETTLE_SECONDS = 10;
/**
 * Shared pages by their share (PSS): what thirty daemons of one machine have in memory together, a thirtieth of it. A daemon
 * that is alone has all of Node's program for itself: its RSS, told beside it.
 */
const MOST_BYTES = 80_000_000;

const halfWay = (pupil: Pupil): boolean => blobsHere(pupil) >= 20 && !isStaged(pupil, 'xo', NEW);

test('a class of thirty', { skip: namespacesMissing }, async (t) => {
  const scene = await openScene();
  t.after(() => scene.stop());
  const { room, school, teacher, librarian, leaver, killed, full, liar, walled, plain } = scene;
  const inRoom = [teacher, ...room.pupils.filter((one) => one !== librarian && one !== teacher)];
  const honest = [...plain, ...killed, leaver];
  const began = performance.now();
  const clock = (t: TestContext): void => t.diagnostic(`${((performance.now() - began) / 1000).toFixed(0)} s`);

  await t.test('everybody sees everybody, on the older version', async (t) => {
    await room.start([...inRoom.filter((one) => one !== liar), librarian], 3);
    await until(async () => {
      const seen = await seenByTeacher(scene);
      return seen.length === PUPILS - 1 && seen.every(({ version, state }) => version === OLD && state === 'idle');
    }, LOOKS);
    clock(t);
  });

  await t.test(
    'with a server for some of them, a liar among them, two killed and one gone, all get the newer one',
    async (t) => {
      const before = school.host.sentBytes();
      await Promise.all([school.laptop.start(), liar.laptop.start()]);
      await Promise.all([
        ...killed.map(async (one) => {
          await until(() => halfWay(one), LOOKS);
          await one.laptop.stop('SIGKILL');
          room.network.shape(one.host, 0);
          await one.laptop.start();
        }),
        until(() => halfWay(leaver), LOOKS).then(() => {
          leave(scene);
          room.network.shape(leaver.host, 0);
        }),
      ]);
      await until(() => [teacher, ...honest].every((one) => isStaged(one, 'xo', NEW)), LOOKS);
      clock(t);

      const given = school.host.sentBytes() - before;
      t.diagnostic(`the server gave ${(given / scene.updateBytes).toFixed(2)} updates' worth to ${PUPILS + 1} laptops`);
      assert.ok(given <= MOST_UPDATES_GIVEN * scene.updateBytes, `${given} bytes of ${scene.updateBytes}`);
      const own = join(scene.published.repository, '.school/ripple/state.json');
      const schoolId: string = JSON.parse(readFileSync(own, 'utf8')).id;
      assert.ok(
        plain.some((one) => (gottenFrom(one)[schoolId] ?? 0) > 0),
        'some have from the server',
      );
      for (const one of walled) assert.ok(!(schoolId in gottenFrom(one)), `${one.name} has nothing from the server`);
      for (const one of killed) assert.match(logOf(one), /resumed=[1-9]/, `${one.name} went on where it was`);
      const atTheEnd = gottenFrom(leaver)[idOf(librarian)] ?? 0;
      assert.ok(atTheEnd > 0 && atTheEnd < scene.updateBytes / 1.05, `${atTheEnd} bytes of the other room`);

      assert.ok(
        honest.some((one) => logOf(one).includes(`id="${idOf(liar)}" banned=true`)),
        'the liar was found out',
      );
      for (const one of honest) assert.equal(gottenFrom(one)[idOf(liar)] ?? 0, 0, 'nothing of the liar was kept');
      for (const one of honest) assertTree(scene, one);
    },
  );

  await t.test('the teacher sees who has it, who went away, and who is stuck and why', async (t) => {
    const states = new Map<string, string>([
      ...inRoom.map(({ name }) => [name, 'ready'] as const),
      [leaver.name, 'away'],
      [full.name, 'failed'],
      [liar.name, 'idle'],
    ]);
    states.delete(teacher.name);
    const told = async (): Promise<readonly string[]> =>
      (await seenByTeacher(scene)).map(({ name, state, stuck, version, error }) =>
        [name, state, stuck, version, error].join(' '),
      );
    const wanted = [...states].map(([name, state]) => {
      const isFull = name === full.name;
      return [name, state, isFull, name === liar.name ? NEW : OLD, isFull ? 'NoSpace' : ''].join(' ');
    });
    assert.equal(wanted.length, PUPILS);
    await until(async () => (await told()).toSorted().join() === wanted.toSorted().join(), LOOKS / 5).catch(async () =>
      assert.deepEqual((await told()).toSorted(), wanted.toSorted()),
    );
    clock(t);
  });

  await t.test('at rest they send next to nothing and are small', async (t) => {
    const mostIn = (seconds: number): number => (PACKETS_A_MINUTE * (PUPILS + 1) * seconds) / 60;
    // Those that came last still look for news, and their connections end.
    await until(async () => (await packetsIn(room.network, SETTLE_SECONDS)).length <= mostIn(SETTLE_SECONDS), 20);
    const packets = await packetsIn(room.network, REST_SECONDS);
    const most = mostIn(REST_SECONDS);
    t.diagnostic(`${packets.length} packets in ${REST_SECONDS} s; the promise is ${most}`);
    assert.ok(packets.length > 0 && packets.length <= most, summary(packets));
    const memory = inRoom.map(({ laptop }) => sampleMemory(laptop.pid ?? 0));
    const range = (of: readonly number[]): string =>
      `${(Math.min(...of) / 1e6).toFixed(0)}-${(Math.max(...of) / 1e6).toFixed(0)} MB`;
    t.diagnostic(`PSS ${range(memory.map((one) => one.pssBytes))}, RSS ${range(memory.map((one) => one.rssBytes))}`);
    for (const [i, { pssBytes }] of memory.entries())
      assert.ok(pssBytes < MOST_BYTES, `${inRoom[i]?.name} ${pssBytes}`);
    clock(t);
  });

  await t.test('with the server switched off an order brings all of them over', async (t) => {
    await school.laptop.stop();
    moreRoom(scene);
    room.network.move(leaver.host, 'room');
    await rippleOk(['order', `${NEW}`, '--key', scene.published.key, '--bus', scene.bus.address]);
    await until(() => inRoom.every((one) => chosen(one) === NEW), LOOKS);
    clock(t);
    assertTree(scene, full);
    for (const one of inRoom) await one.laptop.stop();
    await room.start(inRoom, 3);
    await until(async () => {
      const seen = await seenByTeacher(scene);
      return (
        seen.length === PUPILS &&
        seen.every(({ version, state, stuck }) => version === NEW && state === 'idle' && !stuck)
      );
    }, LOOKS / 3).catch(async () => assert.deepEqual(await seenByTeacher(scene), []));
    clock(t);
  });
});

const withoutPort = (address: string): string => address.split('.').slice(0, 4).join('.');

/** How many went from whom to whom; and the first of them. */
function summary(packets: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const line of packets) {
    const [, family = '', from = '', , to = ''] = line.split(' ');
    const pair = family === 'IP' ? `${withoutPort(from)} > ${withoutPort(to)}` : family;
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 30);
  return [...most.map(([pair, count]) => `${count} ${pair}`), ...packets.slice(0, 20)].join('\n');
}

/** Every packet on the class's bridge, a line each. */
async function packetsIn(network: Scene['room']['network'], seconds: number): Promise<readonly string[]> {
  const args = ['--preserve-status', '--signal=INT', `${seconds}`, 'tcpdump', '-i', 'room', '-nn', '-l'];
  const child = network.spawn('timeout', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const status = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(status, 0, 'tcpdump');
  return text.split('\n').filter((line) => line !== '');
}
