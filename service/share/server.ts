/** The HTTP side that gives. What it may give is `Content`; everything else here is limits. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger, Sha256 } from '../core/ports.ts';
import { takeTokens, tokenBucket } from '../core/token-bucket.ts';
import type { WaitingLine } from '../core/waiting-line.ts';
import type { Content } from '../store/content.ts';
import { listen, urlOf } from './listen.ts';
import type { OrderPost } from './order-post.ts';
import { type ResponderOptions, refuse, respond } from './responder.ts';
import { UploadSlots } from './upload-slots.ts';

export interface ShareOptions {
  /** Addresses to listen on. With port 0 the first one picks, and the others use the same port. */
  readonly host: string | readonly string[];
  readonly port: number;
  readonly content: Content;
  /** Most blobs, diffs and bundles given at one time; further requests are answered 503. */
  readonly slots: number;
  /** Absent: nobody waits. */
  readonly line?: WaitingLine;
  /** For all readers together; absent or 0: no cap. */
  readonly rateBytesPerSecond?: number;
  /** What a 503 asks the reader to wait. */
  readonly retryAfterSeconds: number;
  /** What `GET /status` answers; made at most once a second. */
  readonly status?: () => Uint8Array;
  /** What `GET /have/<manifest>` answers: see `core/piece-map.ts`. */
  readonly pieces?: (manifest: Sha256) => Uint8Array | undefined;
  readonly orders?: OrderPost;
  /** A reader that takes no piece (64 KiB, less under a rate cap) in this time is cut. Default 30 s. */
  readonly stallMs?: number;
  /** Time to send a request head. Default 10 s. */
  readonly headTimeoutMs?: number;
  readonly maxConnections?: number;
  readonly logger: Logger;
}

export interface ShareServer {
  readonly port: number;
  /** Of the first address. */
  readonly url: string;
  /** Bytes of bodies given since the start. */
  givenBytes(): number;
  /** Readers that stand in line. */
  waiting(): number;
  /** Gives out something else from the next request on. */
  setContent(content: Content): void;
  /** Cuts what is being sent and frees the port. */
  close(): Promise<void>;
}

const MAX_HEADER_BYTES = 8 * 1024;
const MIN_BURST_BYTES = 64 * 1024;
const MAX_PIECE_BYTES = 64 * 1024;
const MIN_PIECE_BYTES = 4 * 1024;

/** Fails with `IoError`, naming address and port, when it cannot listen. */
export async function startShareServer(options: ShareOptions): Promise<ShareServer> {
  let content = options.content;
  let given = 0;
  const closing = new AbortController();
  const slots = new UploadSlots(options.slots, options.line);
  const responder: ResponderOptions = {
    content: () => content,
    slots,
    gave: (bytes) => {
      given += bytes;
    },
    pieceBytes: pieceBytes(options.rateBytesPerSecond),
    mayGive: rateCap(options.rateBytesPerSecond, closing.signal),
    stallMs: options.stallMs ?? 30_000,
    retryAfterSeconds: options.retryAfterSeconds,
    status: options.status && onceASecond(options.status),
    pieces: options.pieces,
    orders: options.orders,
  };

  const servers: Server[] = [];
  const hosts = typeof options.host === 'string' ? [options.host] : options.host;
  const close = async () => {
    closing.abort();
    await Promise.all(
      servers.map((server) => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeAllConnections();
        return closed;
      }),
    );
  };
  let port = options.port;
  try {
    for (const host of hosts) {
      const server = makeServer(options, responder);
      port = await listen(server, host, port);
      servers.push(server);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    port,
    url: urlOf(hosts[0] ?? 'localhost', port),
    givenBytes: () => given,
    waiting: () => slots.waiting,
    setContent: (next) => {
      content = next;
    },
    close,
  };
}

function makeServer(options: ShareOptions, responder: ResponderOptions): Server {
  const headTimeoutMs = options.headTimeoutMs ?? 10_000;
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: headTimeoutMs,
    // The one request with a body is small: head and whole have the same time.
    requestTimeout: headTimeoutMs,
    keepAliveTimeout: headTimeoutMs,
    connectionsCheckingInterval: Math.min(5_000, headTimeoutMs),
    noDelay: true,
  });
  server.maxConnections = options.maxConnections ?? 512;
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    respond(request, response, responder).catch((error: unknown) => {
      options.logger.warn('could not give a file', { error: error instanceof Error ? error.message : 'unknown' });
      if (response.headersSent) response.destroy();
      else refuse(response, 500);
    });
  };
  server.on('request', onRequest);
  // Without this Node answers with a page of its own.
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });
  server.on('checkExpectation', (_request, response) => refuse(response, 417, { Connection: 'close' }));
  server.on('checkContinue', (request, response) => {
    if (!responder.orders?.isFor(request)) return refuse(response, 400, { Connection: 'close' });
    response.writeContinue();
    onRequest(request, response);
  });
  return server;
}

function onceASecond(make: () => Uint8Array): () => Uint8Array {
  let made: Uint8Array = Buffer.alloc(0);
  let untilMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() >= untilMs) {
      made = make();
      untilMs = performance.now() + 1000;
    }
    return made;
  };
}

/** Under a low cap small pieces, so that several readers all hear something before they think that it stalled. */
function pieceBytes(ratePerSecond: number | undefined): number {
  if (!ratePerSecond) return MAX_PIECE_BYTES;
  return Math.min(MAX_PIECE_BYTES, Math.max(MIN_PIECE_BYTES, Math.floor(ratePerSecond / 16)));
}

function rateCap(ratePerSecond: number | undefined, signal: AbortSignal): ResponderOptions['mayGive'] {
  if (!ratePerSecond) return () => undefined;
  let bucket = tokenBucket(ratePerSecond, performance.now(), MIN_BURST_BYTES);
  return (bytes) => {
    const taken = takeTokens(bucket, performance.now(), bytes);
    bucket = taken.bucket;
    if (taken.waitMs === 0) return undefined;
    return sleep(taken.waitMs, undefined, { signal, ref: false }).catch(() => undefined);
  };
}
