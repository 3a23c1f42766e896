/** What the head of a response says, before a byte of its body is read. Pure. */
import { SourceError } from '../core/source-error.ts';

export interface ResponseHead {
  readonly statusCode?: number | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

const DEFAULT_RETRY_MS = 5_000;
const MAX_RETRY_SECONDS = 600;

/**
 * Throws `SourceError` unless the status is 200 or 206 and the body is plain bytes. Redirects are refused: a neighbour
 * must not send a laptop elsewhere. A coding that nobody asked for is refused: it could unpack to any size.
 */
export function checkHead(head: ResponseHead, sourceId: string): void {
  const { statusCode = 0, headers } = head;
  if (statusCode === 404 || statusCode === 410) throw new SourceError('missing', sourceId, 'does not have it');
  if (statusCode === 503 || statusCode === 429)
    throw new SourceError('busy', sourceId, 'all its upload slots are taken', retryAfterMs(headers['retry-after']));
  if (statusCode >= 300 && statusCode < 400)
    throw new SourceError('unusable', sourceId, `redirects (status ${statusCode}); name the final address instead`);
  if (statusCode !== 200 && statusCode !== 206)
    throw new SourceError('unusable', sourceId, `answers with status ${statusCode}`);
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity')
    throw new SourceError('unusable', sourceId, 'sends a Content-Encoding that was not asked for');
  const type = headers['content-type'];
  if (typeof type === 'string' && /^\s*(text\/html|application\/xhtml)/i.test(type))
    throw new SourceError('lied', sourceId, 'sends a web page instead (a login page of the network?)');
}

/**
 * Checks a response to a request for bytes `offset` to the end of `sizeBytes`, and returns how many bytes at its start
 * are to be skipped: a server without ranges (any static one will do) sends all again. Throws `SourceError` `lied`.
 */
export function checkRange(head: ResponseHead, sourceId: string, offset: number, sizeBytes: number): number {
  const partial = head.statusCode === 206;
  const range = head.headers['content-range'];
  if (partial) {
    const tail = `bytes ${offset}-${sizeBytes - 1}/`;
    if (offset === 0 || (range !== `${tail}${sizeBytes}` && range !== `${tail}*`))
      throw new SourceError('lied', sourceId, `sends another range than the one asked for`);
  }
  const expected = partial ? sizeBytes - offset : sizeBytes;
  const length = head.headers['content-length'];
  if (length !== undefined && Number(length) !== expected)
    throw new SourceError('lied', sourceId, `announces ${Number(length)} bytes where ${expected} were asked for`);
  return partial ? 0 : offset;
}

/**
 * How long a bundle is, which only the source knows, and how many bytes at the start of its answer are to be skipped.
 * Call `checkHead` before. Throws `SourceError`.
 */
export function bundleExtent(
  head: ResponseHead,
  sourceId: string,
  offset: number,
): { readonly sizeBytes: number; readonly skip: number } {
  if (head.statusCode === 206) {
    const range = head.headers['content-range'];
    const [, start, last, size] =
      (typeof range === 'string' && /^bytes ([0-9]{1,15})-([0-9]{1,15})\/([0-9]{1,15})$/.exec(range)) || [];
    if (offset === 0 || Number(start) !== offset || Number(last) + 1 !== Number(size))
      throw new SourceError('lied', sourceId, 'sends another range than the one asked for');
    return { sizeBytes: Number(size), skip: 0 };
  }
  const length = head.headers['content-length'];
  if (typeof length !== 'string' || !/^[0-9]{1,15}$/.test(length))
    throw new SourceError('unusable', sourceId, 'does not say how long the bundle is');
  return { sizeBytes: Number(length), skip: offset };
}

/** Seconds only: the date form would need a clock that is right. */
function retryAfterMs(header: string | readonly string[] | undefined): number {
  if (typeof header !== 'string' || !/^[0-9]{1,6}$/.test(header)) return DEFAULT_RETRY_MS;
  return Math.min(Number(header), MAX_RETRY_SECONDS) * 1000;
}
