/** Wake-up packets on a real bridge: who hears them, how many there are, how far they go. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { namespacesMissing } from '../helpers/netns.ts';
import { testKey } from '../helpers/trust.ts';
import { until } from '../helpers/until.ts';
import { WakeClass } from '../helpers/wake-class.ts';

const skip = namespacesMissing;

suite('wake', { concurrency: 2 }, () => {
  test('one packet wakes those who lack the version, by IPv4 and by IPv6, and nobody else hears it', {
    skip,
  }, async (t) => {
    const room = await WakeClass.make(t);
    const school = await room.laptop('school', 0);
    const names = ['ana', 'kofi', 'mei', 'raj', 'zoe'];
    const lacking = await Promise.all(names.map((name) => room.laptop(name, 6)));
    const [newest, older] = await Promise.all([room.laptop('newest', 7), room.laptop('older', 5)]);
    const packets = await room.watch();
    school.send({ do: 'tell', file: await room.release({ version: 7 }), versions: [6] });
    await until(() => lacking.every(({ woken }) => woken.length > 0));
    const groups = Object.values(room.group(6));
    const repeats = (to: string) => packets.filter((one) => one.to === to).length - 1;
    await until(() => groups.every((to) => repeats(to) >= 2));
    // Whoever had not yet repeated it has decided by now.
    await sleep(2500);
    for (const to of groups) {
      const sent = packets.filter((one) => one.to === to);
      assert.equal(sent.filter(({ from }) => from === sent[0]?.from).length, 1, 'the school sends one');
      assert.ok(repeats(to) < lacking.length, `${repeats(to)} repeated it to ${to}`);
    }
    assert.deepEqual([...new Set(packets.map(({ to }) => to))].sort(), [...groups].sort(), 'and to no other group');
    assert.ok(
      packets.every(({ hops }) => hops === 1),
      JSON.stringify(packets),
    );
    for (const one of lacking) assert.deepEqual(one.woken, [7], 'once, whichever way it came, and however often');
    for (const one of lacking) assert.equal(one.checks, 1, 'one signature is checked');
    for (const one of [newest, older]) assert.equal(one.received(), 0, 'its socket sees nothing');
    assert.ok(lacking.every((one) => one.received() > 0));
  });

  test('a laptop that learned of a release another way tells those who run the same version', { skip }, async (t) => {
    const room = await WakeClass.make(t);
    const [ana, kofi] = [await room.laptop('ana', 6), await room.laptop('kofi', 6)];
    ana.send({ do: 'learn', file: await room.release({ version: 8 }) });
    await until(() => kofi.woken.length > 0);
    assert.deepEqual([kofi.woken, ana.woken], [[8], []]);
  });

  test('a flood of forged packets: a few signatures are checked, nobody is woken, and then nobody listens', {
    skip,
  }, async (t) => {
    const room = await WakeClass.make(t);
    const [liar, ana] = [await room.laptop('liar', 0), await room.laptop('ana', 6)];
    const forged = await room.release({ version: 9 }, await testKey('stranger'));
    const { ipv4 } = room.group(6);
    // Each is another one: bytes of the signature differ.
    const flood = `
    const bytes = Buffer.from('${readFileSync(forged).toString('hex')}', 'hex');
    const socket = require('node:dgram').createSocket('udp4');
    socket.bind(0, () => {
      socket.setMulticastInterface(process.argv[1]);
      let left = 3000;
      const send = () => {
        if (left-- === 0) return socket.close();
        bytes.writeUInt32BE(left, bytes.length - 4);
        socket.send(bytes, 8517, '${ipv4}', send);
      };
      send();
    });`;
    const packets = await room.watch();
    const { status, stderr } = await liar.host.run(process.execPath, ['-e', flood, '10.77.0.1']);
    assert.equal(status, 0, stderr);
    await until(() => packets.length >= 1000);
    await until(() => /not listening for a while/.test(ana.log));
    t.diagnostic(`${packets.length} packets, ${ana.received()} reached a socket, ${ana.checks} signatures checked`);
    assert.ok(ana.checks > 0, 'they looked real');
    assert.ok(ana.checks < 10, `${ana.checks} signatures checked`);
    assert.deepEqual(ana.woken, []);
    assert.ok(
      packets.every(({ from }) => from === '10.77.0.1'),
      'and nothing is repeated',
    );
    // It listens again by itself.
    const good = await room.release({ version: 7 });
    let sent = 0;
    await until(() => {
      // Sparsely: it may send so many and no more.
      if (sent++ % 8 === 0) liar.send({ do: 'tell', file: good, versions: [6] });
      return ana.woken.includes(7);
    });
  });

  test('an adapter that is unplugged and put back hears again', { skip }, async (t) => {
    const room = await WakeClass.make(t);
    const [school, ana] = [await room.laptop('school', 0), await room.laptop('ana', 6)];
    school.send({ do: 'tell', file: await room.release({ version: 7 }), versions: [6] });
    await until(() => ana.woken.length === 1);
    ana.host.unplug('eth0');
    await sleep(1000);
    const name = room.network.plug(ana.host, { bridge: 'room', address: '10.77.0.9/24' });
    assert.equal(name, 'eth1');
    const next = await room.release({ version: 8 });
    let sent = 0;
    await until(() => {
      // Sparsely: it may send so many and no more.
      if (sent++ % 10 === 0) school.send({ do: 'tell', file: next, versions: [6] });
      return ana.woken.includes(8);
    });
  });
});
