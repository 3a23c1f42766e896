/** UDP sockets of one link: one that hears a group, and the sending of one packet. */
import { createSocket, type Socket } from 'node:dgram';
import type { WakeGroup } from '../core/wake-rules.ts';
import type { WakeLink } from './links.ts';

/** What waits in it while we are busy is lost, and a flood fills no more than this. */
const RECEIVE_BUFFER_BYTES = 64 * 1024;
const SEND_WITHIN_MS = 5000;

/**
 * Hears what is sent to the group on this link and nothing else: the socket is bound to the group's own address, for one that
 * is bound to all addresses hears every group that anybody on this machine joined.
 * @param failed called at most once; the socket is closed then
 */
export function openEar(
  link: WakeLink,
  group: WakeGroup,
  port: number,
  heard: (bytes: Buffer, from: string) => void,
  failed: (why: string) => void,
): { close(): void } {
  const socket = socketOf(link);
  const address = addressOf(link, group);
  let open = true;
  const close = (): void => {
    if (open) socket.close();
    open = false;
  };
  socket.on('error', ({ message }) => {
    if (!open) return;
    close();
    failed(message);
  });
  socket.on('message', (bytes, { address: from }) => open && heard(bytes, from));
  socket.bind({ port, address, exclusive: true }, () => {
    try {
      if (!open) return;
      socket.addMembership(address, link.interface);
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    } catch (error) {
      close();
      failed(error instanceof Error ? error.message : 'unknown trouble');
    }
  });
  socket.unref();
  return { close };
}

/** One packet that no router passes on. Rejects with what the system says. */
export async function sendTo(link: WakeLink, group: WakeGroup, port: number, bytes: Uint8Array): Promise<void> {
  const socket = socketOf(link);
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('it was not sent in time')), SEND_WITHIN_MS);
      socket.once('close', () => clearTimeout(timer));
      socket.once('error', reject);
      socket.bind({ port: 0, exclusive: true }, () => {
        try {
          socket.setMulticastTTL(1);
          socket.setMulticastInterface(link.interface);
          socket.send(bytes, port, addressOf(link, group), (error) => (error ? reject(error) : resolve()));
        } catch (error) {
          reject(error);
        }
      });
    });
  } finally {
    socket.close();
  }
}

function socketOf({ family }: WakeLink): Socket {
  return family === 'IPv4'
    ? createSocket({ type: 'udp4', reuseAddr: true })
    : createSocket({ type: 'udp6', reuseAddr: true, ipv6Only: true });
}

function addressOf({ family, zone }: WakeLink, group: WakeGroup): string {
  return family === 'IPv4' ? group.ipv4 : `${group.ipv6}${zone}`;
}
