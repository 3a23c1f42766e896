import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Agent } from '../helpers/agent.ts';
import { type Host, Network } from '../helpers/namespaces.ts';
import { announcement } from '../helpers/neighbours.ts';
import { namespacesMissing } from '../helpers/netns.ts';

const skip = namespacesMissing;

function network(t: TestContext, hosts: number): { net: Network; hosts: Host[] } {
  const net = new Network();
  t.after(() => net.remove());
  net.addBridge('room');
  const one = (_: unknown, index: number) =>
    net.addHost(`laptop${index}`, [{ bridge: 'room', address: `10.77.0.${index + 1}/24` }]);
  return { net, hosts: Array.from({ length: hosts }, one) };
}

function agents(t: TestContext, hosts: readonly Host[], first = 0): Agent[] {
  const started = hosts.map(
    (host, index) => new Agent({ kind: 'bonjour', announcement: announcement({ id: `n${first + index}` }) }, host),
  );
  for (const agent of started) t.after(() => agent.kill());
  return started;
}

async function allSeeEachOther(all: readonly Agent[]): Promise<void> {
  await Promise.all(all.map((one) => one.sees(...all.filter((other) => other !== one).map((other) => other.id))));
}

test('five laptops see each other, with all that they say of themselves', { skip }, async (t) => {
  const { hosts } = network(t, 5);
  const all = agents(t, hosts.slice(1), 1);
  const said = announcement({
    id: 'n0',
    version: 6,
    held: 7,
    role: 'teacher',
    latestEpoch: 5,
    orderEpoch: 2,
    wentBackFrom: 0,
    follows: true,
    state: 'ready',
    progress: 100,
    name: 'Ada 🦜',
    colours: '#ff2b34,#005fe4',
    port: 8123,
  });
  const first = hosts[0] && new Agent({ kind: 'bonjour', announcement: said }, hosts[0]);
  assert.ok(first);
  t.after(() => first.kill());
  await allSeeEachOther([first, ...all]);
  const { port, ...record } = said;
  for (const agent of all) {
    const { lastSeenMs, ...seen } = agent.neighbour('n0') ?? { lastSeenMs: 0 };
    assert.ok(lastSeenMs > 0);
    assert.deepEqual(seen, { ...record, urls: [`http://10.77.0.1:${port}`], alive: true });
  }
  assert.equal(first.neighbour('n0'), undefined);
});

test('a change reaches the others, and of many only the last must', { skip }, async (t) => {
  const { hosts } = network(t, 2);
  const [a, b] = agents(t, hosts);
  assert.ok(a && b);
  await allSeeEachOther([a, b]);
  for (let progress = 1; progress <= 100; progress++)
    a.send({ do: 'announce', announcement: announcement({ id: 'n0', state: 'fetching', progress }) });
  a.send({ do: 'announce', announcement: announcement({ id: 'n0', version: 7, state: 'idle' }) });
  await b.until('the last change', () => b.neighbour('n0')?.version === 7);
  assert.equal(b.neighbour('n0')?.state, 'idle');
  const heard = b.reports.filter((one) => one.is === 'neighbours').length;
  assert.ok(heard <= 6, `${heard} changes were heard of 101`);
});

test('a killed laptop is away as soon as somebody asks', { skip }, async (t) => {
  const { hosts } = network(t, 3);
  const [a, b, c] = agents(t, hosts);
  assert.ok(a && b && c);
  await allSeeEachOther([a, b, c]);
  await b.kill();
  assert.equal(a.neighbour('n1')?.alive, true);
  assert.equal(await a.probe('n1'), false);
  assert.equal(a.neighbour('n1')?.alive, false);
  assert.equal(await a.probe('n2'), true);
  assert.equal(a.neighbour('n2')?.alive, true);
  assert.equal(await a.probe('nobody'), false);
});

test('a killed laptop is away after everybody was asked and it alone was silent', { skip }, async (t) => {
  const { hosts } = network(t, 3);
  const [a, b, c] = agents(t, hosts);
  assert.ok(a && b && c);
  await allSeeEachOther([a, b, c]);
  await b.kill();
  a.send({ do: 'refresh' });
  await a.loses('n1');
  await c.loses('n1');
  assert.equal(a.neighbour('n2')?.alive, true);
  const asked = c.reports.filter((one) => one.is === 'asked').length;
  assert.equal(asked, 0, 'who answers the room is not asked by HTTP');
});

test('who says goodbye and goes is away; it is back when it comes back', { skip }, async (t) => {
  const { hosts } = network(t, 2);
  const [a, b] = agents(t, hosts);
  assert.ok(a && b);
  await allSeeEachOther([a, b]);
  await b.stop();
  await a.loses('n1');
  const [again] = agents(t, hosts.slice(1), 1);
  assert.ok(again);
  await a.sees('n1');
});

test('a goodbye in the name of a laptop that is there takes nobody away', { skip }, async (t) => {
  const { net, hosts } = network(t, 2);
  const [a, b] = agents(t, hosts);
  assert.ok(a && b);
  await allSeeEachOther([a, b]);
  const liar = net.addHost('liar', [{ bridge: 'room', address: '10.77.0.66/24' }]);
  // Claims the id of n1 from an address where nothing answers HTTP, then says goodbye in its name.
  const claim = new Agent({ kind: 'bonjour', announcement: announcement({ id: 'n1', version: 99, port: 9 }) }, liar);
  t.after(() => claim.kill());
  await claim.started();
  await claim.stop();
  await b.until('the goodbye made somebody ask', () => b.reports.some((one) => one.is === 'asked'));
  assert.equal(await a.probe('n1'), true);
  assert.deepEqual([a.neighbour('n1')?.alive, a.neighbour('n1')?.urls], [true, ['http://10.77.0.2:8100']]);
  assert.equal(a.neighbour('n1')?.version, 6);
});

test('a laptop on two networks is seen on both, with its address there', { skip }, async (t) => {
  const { net, hosts } = network(t, 1);
  net.addBridge('yard');
  const outside = net.addHost('outside', [{ bridge: 'yard', address: '10.78.0.9/24' }]);
  const both = net.addHost('both', [
    { bridge: 'room', address: '10.77.0.50/24' },
    { bridge: 'yard', address: '10.78.0.50/24' },
  ]);
  const [a, b, c] = agents(t, [...hosts, outside, both]);
  assert.ok(a && b && c);
  await c.sees('n0', 'n1');
  await a.sees('n2');
  await b.sees('n2');
  assert.deepEqual(a.neighbour('n2')?.urls, ['http://10.77.0.50:8100']);
  assert.deepEqual(b.neighbour('n2')?.urls, ['http://10.78.0.50:8100']);
  assert.equal(a.neighbour('n1'), undefined);
});

test('an adapter that is unplugged and put back, with another address, is followed', { skip }, async (t) => {
  const { net, hosts } = network(t, 2);
  const [a, b] = agents(t, hosts);
  assert.ok(a && b && hosts[1]);
  await allSeeEachOther([a, b]);
  hosts[1].unplug('eth0');
  net.plug(hosts[1], { bridge: 'room', address: '10.77.0.99/24' });
  await a.until('the new address', () => a.neighbour('n1')?.urls[0] === 'http://10.77.0.99:8100');
  const [late] = agents(t, [net.addHost('late', [{ bridge: 'room', address: '10.77.0.100/24' }])], 7);
  assert.ok(late);
  await b.sees('n7');
});

test('who walks to another room has the friends there, with the address it had', { skip }, async (t) => {
  const { net, hosts } = network(t, 2);
  net.addBridge('library');
  const reader = net.addHost('reader', [{ bridge: 'library', address: '10.77.0.9/24' }]);
  const [a, b, c] = agents(t, [...hosts, reader]);
  assert.ok(a && b && c && hosts[1]);
  await Promise.all([a.sees('n1'), b.sees('n0'), c.started()]);
  // The questions that each asks at its start are over: nobody asks for minutes.
  await sleep(6_000);
  net.move(hosts[1], 'library');
  await Promise.all([b.sees('n2'), c.sees('n1')]);
  await b.loses('n0');
});

test('a laptop that starts without a network announces itself when there is one', { skip }, async (t) => {
  const { net, hosts } = network(t, 1);
  const lonely = net.addHost('lonely', []);
  const [a, b] = agents(t, [...hosts, lonely]);
  assert.ok(a && b);
  await b.started();
  net.plug(lonely, { bridge: 'room', address: '10.77.0.42/24' });
  await allSeeEachOther([a, b]);
});

test('a port 5353 that another program keeps to itself is a warning, not the end', { skip }, async (t) => {
  const { hosts } = network(t, 1);
  assert.ok(hosts[0]);
  const keeper = hosts[0].spawn(
    process.execPath,
    ['-e', "require('dgram').createSocket('udp4').bind(5353, () => console.log('bound'))"],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.after(() => keeper.kill());
  await new Promise((resolve) => keeper.stdout?.once('data', resolve));
  const [a] = agents(t, hosts);
  assert.ok(a);
  await a.started();
  await a.until('a warning', () => a.log.some((line) => /EADDRINUSE/.test(line)));
  await a.stop();
});

test('damaged and hostile packets do no harm', { skip }, async (t) => {
  const { net, hosts } = network(t, 2);
  const [a, b] = agents(t, hosts);
  assert.ok(a && b);
  await allSeeEachOther([a, b]);
  const noisy = net.addHost('noisy', [{ bridge: 'room', address: '10.77.0.66/24' }]);
  const program = join(dirname(fileURLToPath(import.meta.url)), '../helpers/mdns-noise.js');
  const { status, stdout, stderr } = await noisy.run(process.execPath, [program, '10.77.0.66', '4000']);
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /4000 packets/);
  assert.equal(await a.probe('n1'), true);
  b.send({ do: 'announce', announcement: announcement({ id: 'n1', version: 8 }) });
  await a.until('a change after the noise', () => a.neighbour('n1')?.version === 8);
  assert.ok(a.neighbours.length <= 512);
  assert.ok(a.neighbours.every((one) => one.urls.every((url) => /^http:\/\/10\.77\.0\.\d+:\d+$/.test(url))));
});

test('on the loopback interface several laptops of one machine see each other', async (t) => {
  const ports = [18_311, 18_312, 18_313];
  const all = ports.map(
    (port, index) =>
      new Agent({
        kind: 'auto',
        interfaces: ['127.0.0.1'],
        announcement: announcement({ id: `loop${process.pid}-${index}`, port }),
      }),
  );
  for (const agent of all) t.after(() => agent.kill());
  await allSeeEachOther(all);
  assert.deepEqual(all[0]?.neighbour(`loop${process.pid}-1`)?.urls, ['http://127.0.0.1:18312']);
});
