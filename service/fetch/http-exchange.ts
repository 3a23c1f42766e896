/**
 * One GET: head, then body piece by piece, under time limits. Every way it can go wrong comes out as `SourceError`.
 * (A thin reader of its own, because the stream iterator of Node costs more than the whole rest of a small request.)
 */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { RippleError } from '../api/errors.ts';
import { SourceError } from '../core/source-error.ts';

export interface HttpLimits {
  /** To make a connection. */
  readonly connectMs: number;
  /** Without the head, or without one more byte of the body. */
  readonly stallMs: number;
  /** On average, after the first `stallMs`: whoever is slower is as good as stalled. */
  readonly minRateBytesPerSecond: number;
  /** Connections to one source. */
  readonly maxConnections: number;
}

export const HTTP_LIMITS: HttpLimits = {
  connectMs: 5_000,
  stallMs: 15_000,
  minRateBytesPerSecond: 1024,
  maxConnections: 8,
};

/** Pieces that wait here for their reader before the network is asked to wait. */
const HIGH_WATER_BYTES = 256 * 1024;

export class HttpExchange {
  readonly #request: ClientRequest;
  readonly #sourceId: string;
  readonly #limits: HttpLimits;
  readonly #signal: AbortSignal | undefined;
  readonly #startedMs = performance.now();
  readonly #stallTimer: NodeJS.Timeout;
  #response: IncomingMessage | undefined;
  #chunks: Buffer[] = [];
  #queuedBytes = 0;
  #receivedBytes = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(
    send: (options: RequestOptions) => ClientRequest,
    options: RequestOptions,
    sourceId: string,
    limits: HttpLimits,
    signal: AbortSignal | undefined,
  ) {
    this.#sourceId = sourceId;
    this.#limits = limits;
    this.#signal = signal;
    this.#request = send(options);
    this.#stallTimer = setTimeout(() => this.#onSilence(), limits.stallMs);
    this.#request.on('response', (response) => this.#onResponse(response));
    this.#request.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail('unreachable', `connection failed (${error.code ?? 'protocol error'})`),
    );
    this.#request.on('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(() => this.#fail('unreachable', 'no connection in time'), limits.connectMs);
      socket.once('connect', () => clearTimeout(timer));
      socket.once('close', () => clearTimeout(timer));
    });
    signal?.addEventListener('abort', this.#onAbort);
    this.#request.end();
    if (signal?.aborted) this.#onAbort();
  }

  /** The head of the response; its body is read with `next`. */
  async head(): Promise<IncomingMessage> {
    while (!this.#response) {
      if (this.#failure) throw this.#failure;
      await this.#news();
    }
    return this.#response;
  }

  /** The next piece, or `undefined` at a proper end. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        if (this.#queuedBytes > HIGH_WATER_BYTES) this.#response?.resume();
        this.#queuedBytes -= chunk.length;
        return chunk;
      }
      if (this.#failure) throw this.#failure;
      if (this.#ended) return undefined;
      await this.#news();
    }
  }

  /** It broke before an answer on a connection that was kept from earlier, which the other side may have closed. */
  get brokeBeforeUse(): boolean {
    return this.#failure !== undefined && !this.#response && this.#request.reusedSocket;
  }

  /** To be called in any case: gives the connection back if the body was read whole, else closes it. */
  dispose(): void {
    clearTimeout(this.#stallTimer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    if (!this.#ended) this.#request.destroy();
    this.#chunks = [];
  }

  readonly #onAbort = (): void => {
    this.#failure ??= new RippleError('Cancelled', 'stopped');
    this.#request.destroy();
    this.#wake?.();
  };

  #onResponse(response: IncomingMessage): void {
    this.#response = response;
    this.#stallTimer.refresh();
    response.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#queuedBytes += chunk.length;
      this.#receivedBytes += chunk.length;
      if (this.#queuedBytes > HIGH_WATER_BYTES) response.pause();
      if (this.#tooSlow()) this.#fail('stalled', `slower than ${this.#limits.minRateBytesPerSecond} bytes a second`);
      this.#stallTimer.refresh();
      this.#wake?.();
    });
    response.on('end', () => {
      this.#ended = true;
      clearTimeout(this.#stallTimer);
      this.#wake?.();
    });
    response.on('error', () => this.#fail('unreachable', 'the connection broke'));
    response.on('close', () => {
      if (!this.#ended) this.#fail('unreachable', 'the connection broke');
    });
    this.#wake?.();
  }

  /** While we do not take what it sends, the silence is ours. */
  #onSilence(): void {
    if (this.#response?.isPaused()) this.#stallTimer.refresh();
    else this.#fail('stalled', 'no answer in time');
  }

  #tooSlow(): boolean {
    const graceMs = this.#limits.stallMs;
    const elapsedMs = performance.now() - this.#startedMs - graceMs;
    return elapsedMs > 0 && (this.#receivedBytes * 1000) / this.#limits.minRateBytesPerSecond < elapsedMs;
  }

  #fail(reason: 'stalled' | 'unreachable', message: string): void {
    clearTimeout(this.#stallTimer);
    if (this.#failure) return;
    this.#failure = new SourceError(reason, this.#sourceId, message);
    this.#request.destroy();
    this.#wake?.();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
