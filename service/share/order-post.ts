/** `POST /images/<image>/orders`: a signed order from whoever cannot reach the message bus. It is judged by its signature alone. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asRippleError, type RippleError } from '../api/errors.ts';
import { SignatureError } from '../core/signature-error.ts';
import { type TokenBucket, takeTokens, tokenBucket } from '../core/token-bucket.ts';

/** A signed order, with room for several signatures. */
const MAX_ORDER_BYTES = 64 * 1024;
/** Judging costs a signature check: so many at once, and so many a second after that. */
const BURST = 10;
const PER_SECOND = 0.5;
const PATH = /^\/images\/([a-z0-9][a-z0-9_-]{0,63})\/orders$/;

export class OrderPost {
  readonly #image: string;
  readonly #publish: (bytes: Uint8Array) => Promise<void>;
  #bucket: TokenBucket = tokenBucket(PER_SECOND, performance.now(), BURST);

  constructor(image: string, publish: (bytes: Uint8Array) => Promise<void>) {
    this.#image = image;
    this.#publish = publish;
  }

  /** Whether the request is one for here, whatever comes of it. */
  isFor({ method, url = '' }: IncomingMessage): boolean {
    return method === 'POST' && PATH.test(url);
  }

  /** Answers 201, or what is wrong in one line. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.sendDate = false;
    const image = PATH.exec(request.url ?? '')?.[1];
    const length = Number(request.headers['content-length'] ?? Number.NaN);
    if (request.headers['transfer-encoding'] !== undefined || !Number.isSafeInteger(length))
      return say(response, 411, 'the length of the order must be told');
    if (length > MAX_ORDER_BYTES) return say(response, 413, `an order has at most ${MAX_ORDER_BYTES} bytes`);
    if (image !== this.#image) return say(response, 404, `here is only the image ${this.#image}`);
    const taken = takeTokens(this.#bucket, performance.now(), 1);
    if (taken.waitMs > 0) {
      response.setHeader('Retry-After', Math.ceil(taken.waitMs / 1000));
      return say(response, 429, 'too many orders: try again later');
    }
    this.#bucket = taken.bucket;
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (chunk instanceof Buffer) chunks.push(chunk);
    try {
      await this.#publish(Buffer.concat(chunks));
      say(response, 201, 'the order stands');
    } catch (thrown) {
      const error = asRippleError(thrown);
      say(response, statusOf(error), error.message);
    }
  }
}

function statusOf(error: RippleError): number {
  if (error instanceof SignatureError) return error.reason === 'malformed' ? 400 : 403;
  if (error.code === 'InvalidArgument') return 400;
  if (error.code === 'OrderRefused') return 409;
  return error.code === 'Busy' || error.code === 'NoSpace' ? 503 : 500;
}

function say(response: ServerResponse, status: number, line: string): void {
  const text = Buffer.from(`${line.replace(/\s+/g, ' ')}\n`);
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': text.length,
    ...(status === 201 ? {} : { Connection: 'close' }),
  });
  response.end(text);
}
