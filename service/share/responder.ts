/** Answers one request: DESIGN section 3, "served under /". */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Sha256 } from '../core/ports.ts';
import { isDocument, parseRepositoryPath } from '../core/repository-path.ts';
import type { Content } from '../store/content.ts';
import { type BodyOptions, sendBody } from './body.ts';
import { answer } from './conditions.ts';
import type { OrderPost } from './order-post.ts';
import type { UploadSlots } from './upload-slots.ts';

const HAVE = /^\/have\/([0-9a-f]{64})$/;
/** A year: what "for ever" is in RFC 9111 terms. */
const FOR_EVER = 'public, max-age=31536000, immutable';

export interface ResponderOptions extends BodyOptions {
  readonly content: () => Content;
  readonly slots: UploadSlots;
  readonly retryAfterSeconds: number;
  /** JSON about this machine at `/status`; absent: there is none. */
  readonly status: (() => Uint8Array) | undefined;
  /** Which contents of a version that is being got are here, at `/have/<manifest>`; absent: it never is. */
  readonly pieces: ((manifest: Sha256) => Uint8Array | undefined) | undefined;
  /** Takes orders; absent: nothing is ever taken. */
  readonly orders: OrderPost | undefined;
}

export async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  options: ResponderOptions,
): Promise<void> {
  // School laptops lose their clocks, and RFC 9110 6.6.1 forbids a Date from a clock that may be wrong.
  response.sendDate = false;
  const { method, url = '', headers } = request;
  if (options.orders?.isFor(request)) return options.orders.answer(request, response);
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0')
    return refuse(response, 400, { Connection: 'close' });
  if (method !== 'GET' && method !== 'HEAD') return refuse(response, 405, { Allow: 'GET, HEAD', Connection: 'close' });

  if (url === '/status' && options.status) return tell(response, options.status(), 'application/json', method);
  const pieces = options.pieces?.(HAVE.exec(url)?.[1] ?? '');
  if (pieces) return tell(response, pieces, 'application/octet-stream', method);
  // Only the exact shapes exist: no decoding, so nothing encoded can mean something else further down.
  const path = url.startsWith('/') ? parseRepositoryPath(url.slice(1)) : undefined;
  if (!path) return refuse(response, 404);

  // Documents are small and are what everybody needs first: they never wait for a slot.
  const needsSlot = method === 'GET' && !isDocument(path);
  if (needsSlot && !(await options.slots.take(response)))
    return refuse(response, 503, { 'Retry-After': options.retryAfterSeconds });
  try {
    const content = await options.content().open(path);
    if (!content) {
      const seconds = options.content().comingInSeconds?.(path);
      return seconds === undefined ? refuse(response, 404) : refuse(response, 503, { 'Retry-After': seconds });
    }
    try {
      const { 'if-range': ifRange, 'if-none-match': ifNoneMatch, range } = headers;
      const wanted = answer({ method, range, ifRange: single(ifRange), ifNoneMatch }, content.sizeBytes, content.etag);
      const common: OutgoingHttpHeaders = {
        ETag: content.etag,
        'Cache-Control': content.immutable ? FOR_EVER : 'no-cache',
        'Accept-Ranges': 'bytes',
      };
      if (wanted.status === 304) return refuse(response, 304, common);
      if (wanted.status === 416)
        return refuse(response, 416, { 'Accept-Ranges': 'bytes', 'Content-Range': `bytes */${content.sizeBytes}` });
      common['Content-Type'] = 'application/octet-stream';
      common['X-Content-Type-Options'] = 'nosniff';
      common['Content-Length'] = wanted.length;
      if (wanted.status === 206)
        common['Content-Range'] = `bytes ${wanted.start}-${wanted.start + wanted.length - 1}/${content.sizeBytes}`;
      response.writeHead(wanted.status, common);
      if (method === 'HEAD') response.end();
      else await sendBody(response, content, wanted.start, wanted.length, options);
    } finally {
      content.close();
    }
  } finally {
    if (needsSlot) options.slots.free();
  }
}

/** Small, and never waits for a slot. */
function tell(response: ServerResponse, body: Uint8Array, type: string, method: 'GET' | 'HEAD'): void {
  response.writeHead(200, {
    'Content-Type': type,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': body.length,
  });
  response.end(method === 'HEAD' ? undefined : body);
}

/** A response without a body: nothing that an error could leak. */
export function refuse(response: ServerResponse, status: number, headers: OutgoingHttpHeaders = {}): void {
  if (status !== 304) headers['Content-Length'] = 0;
  response.writeHead(status, headers);
  response.end();
}

function single(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}
