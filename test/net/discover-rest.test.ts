/** What discovery costs the room when nothing happens: counted on the bridge, where every packet passes. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Agent } from '../helpers/agent.ts';
import { AvahiHost } from '../helpers/avahi.ts';
import { type Host, Network } from '../helpers/namespaces.ts';
import { announcement } from '../helpers/neighbours.ts';
import { namespacesMissing } from '../helpers/netns.ts';

const WATCHED_MS = 60_000;
/** The promise is fewer than ten a minute for each laptop. */
const PACKETS_PER_LAPTOP = 10;
const SETTLED_MS = 30_000;

/** Packets that the watcher, who gets all multicast but hears no conversation of two, sees of mDNS and TCP. */
async function packetsSeen(watcher: Host, whileMs: number): Promise<string[]> {
  const filter = 'udp port 5353 or tcp';
  const seconds = String(whileMs / 1_000);
  const args = ['--preserve-status', '--signal=INT', seconds, 'tcpdump', '-i', 'eth0', '-n', '-l', filter];
  const { status, stdout, stderr } = await watcher.run('timeout', args, whileMs + 30_000);
  assert.equal(status, 0, stderr);
  return stdout.split('\n').filter((line) => line !== '');
}

suite('at rest', { concurrency: 2 }, () => {
  for (const kind of ['bonjour', 'avahi'] as const)
    test(`four laptops at rest send few packets (${kind})`, { skip: namespacesMissing }, async (t) => {
      const net = new Network();
      t.after(() => net.remove());
      net.addBridge('room');
      const watcher = net.addHost('watcher', [{ bridge: 'room', address: '10.77.0.200/24' }]);
      const agents: Agent[] = [];
      for (let number = 1; number <= 4; number++) {
        const host = net.addHost(`laptop${number}`, [{ bridge: 'room', address: `10.77.0.${number}/24` }]);
        const avahi = kind === 'avahi' ? await AvahiHost.start(host) : undefined;
        if (avahi) t.after(() => avahi.stop());
        const bus = avahi ? { systemBusAddress: avahi.bus.address } : {};
        const agent = new Agent({ kind, ...bus, announcement: announcement({ id: `n${number}` }) }, host);
        t.after(() => agent.kill());
        agents.push(agent);
      }
      for (const agent of agents) await agent.sees(...agents.filter((one) => one !== agent).map(({ id }) => id));
      await setTimeout(SETTLED_MS);
      const packets = await packetsSeen(watcher, WATCHED_MS);
      t.diagnostic(`${packets.length} packets in ${WATCHED_MS / 1_000} s`);
      const asked = agents.flatMap((agent) => agent.reports.filter((one) => one.is === 'asked'));
      assert.equal(asked.length, 0, 'nobody is asked by HTTP at rest');
      assert.ok(packets.length < agents.length * PACKETS_PER_LAPTOP, packets.join('\n'));
    });
});
