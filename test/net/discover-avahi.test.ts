import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Agent } from '../helpers/agent.ts';
import { AvahiHost } from '../helpers/avahi.ts';
import { Network } from '../helpers/namespaces.ts';
import { announcement } from '../helpers/neighbours.ts';
import { namespacesMissing } from '../helpers/netns.ts';

const skip = namespacesMissing;

class Room {
  readonly net = new Network();
  readonly #t: TestContext;
  #hosts = 0;

  constructor(t: TestContext) {
    this.#t = t;
    t.after(() => this.net.remove());
    this.net.addBridge('room');
  }

  async avahi(): Promise<AvahiHost> {
    const avahi = await AvahiHost.start(this.#host());
    this.#t.after(() => avahi.stop());
    return avahi;
  }

  /** A laptop with a mDNS of its own, or one that uses the avahi-daemon of its host. */
  agent(id: string, avahi?: AvahiHost, kind: 'auto' | 'avahi' = 'auto'): Agent {
    const options = avahi ? { kind, systemBusAddress: avahi.bus.address } : { kind: 'bonjour' as const };
    const agent = new Agent({ ...options, announcement: announcement({ id }) }, avahi?.host ?? this.#host());
    this.#t.after(() => agent.kill());
    return agent;
  }

  #host() {
    const number = ++this.#hosts;
    return this.net.addHost(`host${number}`, [{ bridge: 'room', address: `10.77.0.${number}/24` }]);
  }
}

/** Browses until a line is as wanted, at most some twenty times. */
async function browsed(avahi: AvahiHost, wanted: (line: string) => boolean): Promise<string> {
  let lines: readonly string[] = [];
  for (let attempt = 0; attempt < 20; attempt++) {
    lines = await avahi.browse();
    const found = lines.find(wanted);
    if (found !== undefined) return found;
    await setTimeout(500);
  }
  return assert.fail(`avahi-browse shows only:\n${lines.join('\n')}`);
}

test('laptops with avahi-daemon and with a mDNS of their own see each other and each change', { skip }, async (t) => {
  const room = new Room(t);
  const [avahi1, avahi2] = await Promise.all([room.avahi(), room.avahi()]);
  const a1 = room.agent('a1', avahi1);
  const a2 = room.agent('a2', avahi2, 'avahi');
  const b1 = room.agent('b1');
  const b2 = room.agent('b2');
  await Promise.all([a1.sees('a2', 'b1', 'b2'), a2.sees('a1', 'b1', 'b2')]);
  await Promise.all([b1.sees('a1', 'a2', 'b2'), b2.sees('a1', 'a2', 'b1')]);
  assert.deepEqual(a1.neighbour('b1')?.urls, ['http://10.77.0.3:8100']);
  assert.deepEqual(b1.neighbour('a1')?.urls, ['http://10.77.0.1:8100']);
  assert.deepEqual(a1.log, []);

  a1.send({ do: 'announce', announcement: announcement({ id: 'a1', version: 7 }) });
  b1.send({ do: 'announce', announcement: announcement({ id: 'b1', version: 8 }) });
  for (const other of [a2, b1, b2]) await other.until('version 7 of a1', () => other.neighbour('a1')?.version === 7);
  for (const other of [a1, a2, b2]) await other.until('version 8 of b1', () => other.neighbour('b1')?.version === 8);
});

test('avahi-browse shows every key of the TXT record, of both kinds of laptop', { skip }, async (t) => {
  const room = new Room(t);
  const avahi = await room.avahi();
  const a = room.agent('a', avahi);
  const b = room.agent('b');
  await Promise.all([a.sees('b'), b.sees('a')]);
  const full = { version: 6, held: 7, state: 'fetching', progress: 55, name: 'Ada', colours: '#ff2b34,#005fe4' };
  for (const agent of [a, b])
    agent.send({
      do: 'announce',
      announcement: announcement({ id: agent.id, ...full, latestEpoch: 41, orderEpoch: 3 }),
    });
  await Promise.all([
    a.until('the change of b', () => a.neighbour('b')?.version === 6 && a.neighbour('b')?.held === 7),
    b.until('the change of a', () => b.neighbour('a')?.version === 6 && b.neighbour('a')?.held === 7),
  ]);
  for (const id of ['a', 'b']) {
    const ours = `;eth0;IPv4;ripple-${id};_ripple._tcp;local;`;
    const line = await browsed(avahi, (one) => one.includes(ours) && one.includes('"h=7"'));
    const said = ['image=xo', 'v=6', 'h=7', 'role=laptop', 'e=41', 'o=3', 'st=fetching', 'p=55'];
    for (const pair of [`id=${id}`, ...said, 'n=Ada', 'c=#ff2b34,#005fe4'])
      assert.ok(line.includes(`"${pair}"`), `${pair} in ${line}`);
    assert.match(line, /;8100;/);
  }
});

test('a laptop that is killed is away for avahi-daemon laptops too', { skip }, async (t) => {
  const room = new Room(t);
  const avahi = await room.avahi();
  const a = room.agent('a', avahi);
  const b = room.agent('b');
  const c = room.agent('c');
  await Promise.all([a.sees('b', 'c'), b.sees('a'), c.sees('a')]);
  await b.kill();
  assert.equal(await a.probe('b'), false);
  assert.equal(a.neighbour('b')?.alive, false);
  await c.stop();
  await a.loses('c');
});

test('a killed daemon of a laptop with avahi takes the laptop away for the others', { skip }, async (t) => {
  const room = new Room(t);
  const avahi = await room.avahi();
  const a = room.agent('a', avahi);
  const b = room.agent('b');
  await Promise.all([a.sees('b'), b.sees('a')]);
  // avahi-daemon takes back what a client that died had published.
  await a.kill();
  await b.loses('a');
});

test('a laptop that moves to another address is found there when it is asked for', { skip }, async (t) => {
  const room = new Room(t);
  const [avahi1, avahi2] = await Promise.all([room.avahi(), room.avahi()]);
  const a = room.agent('a', avahi1);
  const b = room.agent('b', avahi2);
  await Promise.all([a.sees('b'), b.sees('a')]);
  avahi2.host.setAddress('eth0', '10.77.0.99/24');
  await setTimeout(1_000);
  await a.probe('b');
  await a.until('the new address', () => a.neighbour('b')?.urls[0] === 'http://10.77.0.99:8100');
  await a.sees('b');
});

test('when avahi-daemon goes for good, a mDNS of our own takes over', { skip }, async (t) => {
  const room = new Room(t);
  const avahi = await room.avahi();
  const a = room.agent('a', avahi);
  const b = room.agent('b');
  await Promise.all([a.sees('b'), b.sees('a')]);
  await avahi.killDaemon();
  await a.until('the loss is in the log', () => a.log.some((line) => /lost avahi-daemon/.test(line)));
  a.send({ do: 'announce', announcement: announcement({ id: 'a', version: 9 }) });
  await b.until('a speaks by itself', () => b.neighbour('a')?.version === 9);
  const late = room.agent('late');
  await Promise.all([late.sees('a', 'b'), a.sees('late')]);
});

test('when the bus goes, a mDNS of our own takes over', { skip }, async (t) => {
  const room = new Room(t);
  const avahi = await room.avahi();
  const a = room.agent('a', avahi);
  await a.started();
  await avahi.bus.stop();
  const late = room.agent('late');
  await Promise.all([late.sees('a'), a.sees('late')]);
});

test('an avahi-daemon that is restarted publishes us again', { skip }, async (t) => {
  const room = new Room(t);
  const avahi = await room.avahi();
  const a = room.agent('a', avahi);
  const b = room.agent('b');
  await Promise.all([a.sees('b'), b.sees('a')]);
  await avahi.killDaemon();
  await avahi.startDaemon();
  a.send({ do: 'announce', announcement: announcement({ id: 'a', version: 9 }) });
  await b.until('a is published again', () => b.neighbour('a')?.version === 9);
  const late = room.agent('late');
  await Promise.all([late.sees('a', 'b'), a.sees('late')]);
  assert.deepEqual(a.log, []);
});

for (const where of ['on another machine', 'on the same machine'])
  test(`a name that another program has ${where} is given up for one that nobody has`, { skip }, async (t) => {
    const room = new Room(t);
    const avahi = await room.avahi();
    const theirs = where === 'on the same machine' ? avahi : await room.avahi();
    // Of two that speak up for a name the greater record wins (RFC 6762, section 8.2): a greater port, a longer string.
    const args = ['-s', 'ripple-a', '_ripple._tcp', '60000', 'z'.repeat(200)];
    const squatter = theirs.host.spawn('avahi-publish', args, { stdio: ['ignore', 'ignore', 'pipe'], env: theirs.env });
    t.after(() => squatter.kill());
    await new Promise((resolve) => squatter.stderr?.once('data', resolve));
    const a = room.agent('a', avahi);
    const b = room.agent('b');
    await Promise.all([b.sees('a'), a.sees('b')]);
    await browsed(avahi, (line) => /;ripple-a-[0-9a-f]{8};.*"id=a"/.test(line));
    a.send({ do: 'announce', announcement: announcement({ id: 'a', version: 9 }) });
    await b.until('a change under the new name', () => b.neighbour('a')?.version === 9);
    assert.deepEqual([b.neighbours.length, a.neighbours.length], [1, 1]);
    assert.deepEqual(a.log, []);
  });

test('without avahi-daemon, the kind "avahi" says so and "auto" does without', { skip }, async (t) => {
  const room = new Room(t);
  const avahi = await room.avahi();
  await avahi.killDaemon();
  const only = room.agent('only', avahi, 'avahi');
  await assert.rejects(only.started(), /avahi-daemon does not answer/);
  const a = room.agent('a', avahi, 'auto');
  const b = room.agent('b');
  await Promise.all([a.sees('b'), b.sees('a')]);
});
