/** Listening, with errors a person can act on. */
import type { Server } from 'node:http';
import { RippleError } from '../api/errors.ts';

/** Resolves with the port that was taken (`port` 0: any free one). Fails with one line that names host and port. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new RippleError('IoError', `cannot listen on ${host} port ${port}: ${reason(error)}`, { cause: error }));
    });
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function reason(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'the port is in use by another program; stop it or choose another port';
    case 'EACCES':
      return 'ports below 1024 need root; choose another port';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'this machine has no such address';
    default:
      return error.code ?? 'unknown error';
  }
}

/** `http://host:port`, with brackets round an IPv6 address. */
export function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
