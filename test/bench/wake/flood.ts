/** A flood of packets to a group on loopback, as a process of its own: `PORT GROUP PACKETS_A_SECOND SECONDS HEX`. Prints how many went out. */
import { createSocket } from 'node:dgram';

const [port, group = '', rate, seconds, hex = ''] = process.argv.slice(2);
const TICK_MS = 5;
const bytes = Buffer.from(hex, 'hex');
const socket = createSocket('udp4');
await new Promise<void>((resolve) => socket.bind(0, resolve));
socket.setMulticastInterface('127.0.0.1');
const startedMs = performance.now();
const endMs = startedMs + Number(seconds) * 1000;
let sent = 0;
while (performance.now() < endMs) {
  const due = ((performance.now() - startedMs) * Number(rate)) / 1000;
  const sending: Promise<void>[] = [];
  for (; sent < due; sent++) {
    // Each is another one, and looks as real as the first.
    bytes.writeUInt32BE(sent, bytes.length - 4);
    sending.push(new Promise((resolve) => socket.send(Buffer.from(bytes), Number(port), group, () => resolve())));
    if (sending.length >= 256) break;
  }
  await Promise.all(sending);
  if (sent >= due) await new Promise((resolve) => setTimeout(resolve, TICK_MS));
}
socket.close();
process.stdout.write(`${sent}\n`);
