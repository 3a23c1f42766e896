/**
 * Which user is at the other end of a loopback connection. The token stands in the browser's command line, where every
 * user of the laptop can read it; so only our own user's programs are heard at all.
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** 127.0.0.1 as the kernel prints it: hexadecimal, in the byte order of the machine (proc(5), /proc/net/tcp). */
const LOOPBACK = new Set(['0100007F', '7F000001']);

/** The uid of the socket that is bound to `port` and connected to `serverPort`, both on 127.0.0.1. */
export function uidOfClient(table: string, port: number, serverPort: number): number | undefined {
  const hex = (number: number): string => number.toString(16).toUpperCase().padStart(4, '0');
  for (const line of table.split('\n')) {
    const [, local = '', remote = '', , , , , uid = ''] = line.trim().split(/\s+/);
    const [localAddress = '', localPort] = local.split(':');
    const [remoteAddress = '', remotePort] = remote.split(':');
    if (localPort !== hex(port) || remotePort !== hex(serverPort)) continue;
    if (LOOPBACK.has(localAddress) && LOOPBACK.has(remoteAddress) && /^\d+$/.test(uid)) return Number(uid);
  }
  return undefined;
}

/** False also when it cannot be told. */
export function isOwnConnection(socket: Socket): boolean {
  const { remotePort, localPort } = socket;
  if (remotePort === undefined || localPort === undefined) return false;
  try {
    const uid = uidOfClient(readFileSync('/proc/net/tcp', 'latin1'), remotePort, localPort);
    // Root can read the token and our memory anyway; refusing it would only keep helpers of the desktop out.
    return uid === 0 || uid === process.getuid?.();
  } catch {
    return false;
  }
}
