/** A share server, or any static HTTP server with a repository on it, as a source. */
import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { RippleError } from '../api/errors.ts';
import type { BlobRef, BundleName, OpenedBundle, Source } from '../core/ports.ts';
import { formatRepositoryPath } from '../core/repository-path.ts';
import { SourceError } from '../core/source-error.ts';
import { HTTP_LIMITS, HttpExchange, type HttpLimits } from './http-exchange.ts';
import { bundleExtent, checkHead, checkRange } from './http-head.ts';
import type { Pace } from './pace.ts';

export interface HttpSourceOptions {
  /** Peer id; default: the first URL. */
  readonly id?: string;
  readonly kind: Source['kind'];
  /** Addresses of the same repository, e.g. `http://10.0.0.7:8100`; the next is tried when one does not connect. */
  readonly urls: readonly string[];
  readonly limits?: Partial<HttpLimits>;
  /** A cap that several sources share. */
  readonly pace?: Pace;
}

/** A small error page may be read to keep the connection; what is larger costs less as a new connection. */
const DRAIN_BYTES = 4096;
/** Of a cap so small a part may be what one connection gets. */
const PACED_SHARES = 64;
const HEADERS = { 'Accept-Encoding': 'identity', 'User-Agent': 'ripple' };

interface Address {
  readonly options: RequestOptions;
  readonly secure: boolean;
}

export class HttpSource implements Source {
  readonly id: string;
  readonly kind: Source['kind'];
  readonly #limits: HttpLimits;
  readonly #pace: Pace | undefined;
  readonly #addresses: readonly Address[];
  readonly #agents: readonly http.Agent[];
  /** Index of the address that worked last. */
  #current = 0;

  /** Throws `InvalidArgument` for a URL that is not http or https. */
  constructor(options: HttpSourceOptions) {
    this.id = options.id ?? options.urls[0] ?? '';
    this.kind = options.kind;
    const limits = { ...HTTP_LIMITS, ...options.limits };
    this.#pace = options.pace;
    // Who waits for us is not slow.
    const slowest = options.pace ? options.pace.rateBytesPerSecond / PACED_SHARES : Number.POSITIVE_INFINITY;
    this.#limits = { ...limits, minRateBytesPerSecond: Math.min(limits.minRateBytesPerSecond, slowest) };
    const agentOptions = { keepAlive: true, maxSockets: this.#limits.maxConnections };
    const plain = new http.Agent(agentOptions);
    const secure = new https.Agent(agentOptions);
    this.#agents = [plain, secure];
    this.#addresses = options.urls.map((url) => parseAddress(url, plain, secure));
    if (this.#addresses.length === 0) throw new RippleError('InvalidArgument', `source ${this.id} has no URL`);
  }

  async readDocument(path: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const exchange = await this.#get(path, 0, signal);
    try {
      const head = await exchange.head();
      if (head.statusCode === 404) return undefined;
      checkHead(head, this.id);
      const tooLong = () => new SourceError('lied', this.id, `${path} is longer than ${maxBytes} bytes`);
      if (Number(head.headers['content-length'] ?? 0) > maxBytes) throw tooLong();
      const chunks: Buffer[] = [];
      let length = 0;
      for (let chunk = await exchange.next(); chunk; chunk = await exchange.next()) {
        length += chunk.length;
        if (length > maxBytes) throw tooLong();
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    } finally {
      exchange.dispose();
    }
  }

  async *readBlob(ref: BlobRef, offset: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const exchange = await this.#get(`blobs/${ref.sha256}`, offset, signal);
    try {
      const head = await exchange.head();
      await this.#keepConnection(exchange, head);
      checkHead(head, this.id);
      yield* this.#body(exchange, checkRange(head, this.id, offset, ref.sizeBytes), offset, ref.sizeBytes, signal);
    } finally {
      exchange.dispose();
    }
  }

  async bundleSize(name: BundleName, signal?: AbortSignal): Promise<number | undefined> {
    const exchange = await this.#get(formatRepositoryPath({ kind: 'bundle', ...name }), 0, signal, 'HEAD');
    try {
      const head = await exchange.head();
      if (head.statusCode === 404) return undefined;
      checkHead(head, this.id);
      return bundleExtent(head, this.id, 0).sizeBytes;
    } finally {
      exchange.dispose();
    }
  }

  openBundle(name: BundleName, offset: number, signal?: AbortSignal): Promise<OpenedBundle | undefined> {
    return this.#open(formatRepositoryPath({ kind: 'bundle', ...name }), offset, signal);
  }

  openDiff(name: BundleName, offset: number, signal?: AbortSignal): Promise<OpenedBundle | undefined> {
    return this.#open(formatRepositoryPath({ kind: 'diff', ...name }), offset, signal);
  }

  /** What only the source knows the length of. */
  async #open(path: string, offset: number, signal: AbortSignal | undefined): Promise<OpenedBundle | undefined> {
    const exchange = await this.#get(path, offset, signal);
    try {
      const head = await exchange.head();
      await this.#keepConnection(exchange, head);
      if (head.statusCode === 416 && offset > 0) {
        exchange.dispose();
        // Nothing is missing: it ends where the bytes here do.
        if (head.headers['content-range'] === `bytes */${offset}`)
          return { sizeBytes: offset, offset, chunks: nothing(), close: () => {} };
        return this.#open(path, 0, signal);
      }
      if (head.statusCode === 404) {
        exchange.dispose();
        return undefined;
      }
      checkHead(head, this.id);
      const { sizeBytes, skip } = bundleExtent(head, this.id, offset);
      // It is another one of the same name, shorter than what came so far.
      const start = offset > sizeBytes ? 0 : offset;
      const chunks = this.#body(exchange, start === offset ? skip : 0, start, sizeBytes, signal);
      return { sizeBytes, offset: start, chunks, close: () => exchange.dispose() };
    } catch (error) {
      exchange.dispose();
      throw error;
    }
  }

  /** The bytes from `offset` on, after `skip` bytes that nobody asked for; exactly up to `sizeBytes`. */
  async *#body(
    exchange: HttpExchange,
    skipBytes: number,
    offset: number,
    sizeBytes: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    let skip = skipBytes;
    let left = sizeBytes - offset;
    for (let chunk = await exchange.next(); chunk; chunk = await exchange.next()) {
      const useful = skip > 0 ? chunk.subarray(Math.min(skip, chunk.length)) : chunk;
      skip -= chunk.length - useful.length;
      left -= useful.length;
      if (left < 0) throw new SourceError('lied', this.id, `sends more than ${sizeBytes} bytes`);
      if (useful.length > 0) yield useful;
      if (this.#pace) await this.#pace.took(chunk.length, signal);
    }
    if (left > 0) throw new SourceError('lied', this.id, `sends ${left} bytes too few of ${sizeBytes}`);
  }

  /** Closes the connections that are kept. */
  close(): void {
    for (const agent of this.#agents) agent.destroy();
  }

  /** Sends a request and waits for its head; goes round the addresses while they do not answer at all. */
  async #get(
    path: string,
    offset: number,
    signal: AbortSignal | undefined,
    method: 'GET' | 'HEAD' = 'GET',
  ): Promise<HttpExchange> {
    let index = this.#current;
    let stale = false;
    for (let failures = 0; ; ) {
      const address = this.#addresses[index];
      if (!address) throw new SourceError('unreachable', this.id, 'has no address');
      const headers = offset > 0 ? { ...HEADERS, Range: `bytes=${offset}-` } : HEADERS;
      const options = { ...address.options, method, path: `${address.options.path}${path}`, headers };
      const send = address.secure ? https.request : http.request;
      const exchange = new HttpExchange(send, options, this.id, this.#limits, signal);
      try {
        await exchange.head();
        this.#current = index;
        return exchange;
      } catch (error) {
        exchange.dispose();
        if (!(error instanceof SourceError) || error.reason !== 'unreachable') throw error;
        // The other side may close a kept connection just when it is used again: that is no failure, once.
        if (exchange.brokeBeforeUse && !stale) {
          stale = true;
          continue;
        }
        failures += 1;
        if (failures >= this.#addresses.length) throw error;
        index = (index + 1) % this.#addresses.length;
      }
    }
  }

  /** Reads away the short body of a refusal, so that the next request need not connect again. */
  async #keepConnection(exchange: HttpExchange, head: IncomingMessage): Promise<void> {
    const length = Number(head.headers['content-length'] ?? Number.NaN);
    if (head.statusCode === 200 || head.statusCode === 206 || !(length <= DRAIN_BYTES)) return;
    while (await exchange.next());
  }
}

function parseAddress(text: string, plain: http.Agent, secure: https.Agent): Address {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new RippleError('InvalidArgument', `source address ${text} is not a URL; use http://host:port`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new RippleError('InvalidArgument', `source address ${text} is neither http nor https`);
  const isSecure = url.protocol === 'https:';
  return {
    secure: isSecure,
    options: {
      agent: isSecure ? secure : plain,
      // IPv6 addresses stand in brackets in a URL, but not here.
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
      path: url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`,
      maxHeaderSize: 8192,
    },
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
