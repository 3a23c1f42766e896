/** Sends damaged mDNS packets to everybody. Arguments: the IPv4 address to send from, how many. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { seeded } from './random.ts';

const random = seeded(6762);
const [address = '', count = '0'] = process.argv.slice(2);

function name(text: string): Buffer {
  const labels = text.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function record(owner: string, type: number, ttl: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([name(owner), fixed, data]);
}

/** A well-formed answer of a laptop that is not there. */
function answer(id: string): Buffer {
  const type = '_ripple._tcp.local';
  const instance = `ripple-${id}.${type}`;
  const strings = [`id=${id}`, 'image=xo', 'v=9', 'h=0', 'role=laptop', 'e=1', 'o=0', 'st=idle', 'p=0'];
  const txt = Buffer.concat(strings.map((one) => Buffer.concat([Buffer.from([one.length]), Buffer.from(one)])));
  const srv = Buffer.concat([Buffer.from([0, 0, 0, 0, 0x1f, 0xa4]), name(`ripple-${id}.local`)]);
  const header = Buffer.from([0, 0, 0x84, 0, 0, 0, 0, 3, 0, 0, 0, 0]);
  const ttl = random.integer(4) === 0 ? 0 : 120;
  const records = [
    record(type, 12, ttl, name(instance)),
    record(instance, 33, 120, srv),
    record(instance, 16, 120, txt),
  ];
  return Buffer.concat([header, ...records]);
}

function damaged(packet: Buffer): Buffer {
  for (let damage = random.integer(6); damage > 0; damage--)
    packet[random.integer(packet.length)] = random.integer(256);
  return random.integer(4) === 0 ? packet.subarray(0, random.integer(packet.length)) : packet;
}

const socket = createSocket({ type: 'udp4', reuseAddr: true });
socket.bind(5353, address);
await once(socket, 'listening');
socket.setMulticastInterface(address);
for (let sent = 0; sent < Number(count); sent++) {
  const packet = random.integer(8) === 0 ? random.bytes(random.integer(1_400)) : damaged(answer(`x${sent}`));
  socket.send(packet, 5353, '224.0.0.251');
  // A receiver with one processor must be able to keep up.
  if (sent % 20 === 0) await setImmediate();
}
socket.close(() => console.log(`${count} packets`));
