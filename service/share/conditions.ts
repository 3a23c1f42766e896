/** What a request asks for, once its content is known: RFC 9110 sections 13 (conditions) and 14 (ranges). Pure. */

export type Answer =
  | { readonly status: 200; readonly start: 0; readonly length: number }
  | { readonly status: 206; readonly start: number; readonly length: number }
  | { readonly status: 304 }
  | { readonly status: 416 };

export interface Conditions {
  readonly method: 'GET' | 'HEAD';
  readonly range?: string | undefined;
  readonly ifRange?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/**
 * `etag` is strong and quoted. A range that is malformed, of another unit, or of several parts is ignored, as the RFC
 * allows: the whole is sent. Several parts in one answer are how small requests are blown up into large work.
 */
export function answer(request: Conditions, sizeBytes: number, etag: string): Answer {
  if (request.ifNoneMatch !== undefined && noneMatches(request.ifNoneMatch, etag)) return { status: 304 };
  const whole = { status: 200, start: 0, length: sizeBytes } as const;
  // Ranges are defined for GET alone. A date in If-Range never matches: no times are told here.
  if (request.method !== 'GET' || request.range === undefined) return whole;
  if (request.ifRange !== undefined && request.ifRange !== etag) return whole;
  const match = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(request.range);
  const first = match?.[1];
  const last = match?.[2];
  if (first === undefined || last === undefined || (first === '' && last === '')) return whole;
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes);
    return length === 0 ? { status: 416 } : { status: 206, start: sizeBytes - length, length };
  }
  const start = Number(first);
  const end = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (last !== '' && Number(last) < start) return whole;
  return start >= sizeBytes ? { status: 416 } : { status: 206, start, length: end - start + 1 };
}

/** If-None-Match compares weakly: `W/"x"` is the same as `"x"`. */
function noneMatches(header: string, etag: string): boolean {
  return header.split(',').some((item) => {
    const tag = item.trim();
    return tag === '*' || tag === etag || tag === `W/${etag}`;
  });
}
