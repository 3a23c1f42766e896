/**
 * Between rsync and its server: one connection through this process, which counts. rsync itself has no bound on what a server
 * may send; here more than was agreed, or nothing for too long, ends it. Also whence progress is known.
 */
import { connect, createServer, type Socket } from 'node:net';
import { RippleError } from '../api/errors.ts';

export interface RelayOptions {
  readonly host: string;
  readonly port: number;
  /** From the server, everything that it says. */
  readonly maxBytes: number;
  /** Without a byte from the server for so long it is left. */
  readonly stallMs: number;
  readonly onBytes?: (bytes: number) => void;
}

export type RelayEnd = 'open' | 'unreachable' | 'stalled' | 'too much';

export interface Relay {
  /** On 127.0.0.1, for one connection. Whoever else on this machine takes it first gets no further than to that server. */
  readonly port: number;
  /** Why it was cut, if it was. */
  readonly end: () => RelayEnd;
  readonly close: () => void;
}

/** @throws RippleError `IoError` when this machine has no loopback */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  let end: RelayEnd = 'open';
  const sockets: Socket[] = [];
  const cut = (why: RelayEnd): void => {
    if (end === 'open') end = why;
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((inner) => {
    server.close();
    sockets.push(inner);
    const outer = connect({ host: options.host, port: options.port });
    sockets.push(outer);
    let bytes = 0;
    inner.on('error', () => outer.destroy());
    outer.on('error', () => cut(bytes === 0 ? 'unreachable' : 'stalled'));
    outer.setTimeout(options.stallMs, () => cut(bytes === 0 ? 'unreachable' : 'stalled'));
    outer.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > options.maxBytes) return cut('too much');
      options.onBytes?.(chunk.length);
    });
    inner.pipe(outer);
    outer.pipe(inner);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new RippleError('IoError', 'no port on 127.0.0.1');
  return {
    port: address.port,
    end: () => end,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
