/**
 * Who may talk to the bridge: whoever was handed the token, once. Anyone on the laptop can connect to a loopback port,
 * and any page in a browser can make it send requests there, so being local proves nothing.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const COOKIE = 'ripple_session';
const SECRET_BYTES = 32;

function same(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

export class Session {
  /** Good for one exchange. */
  readonly token = randomBytes(SECRET_BYTES).toString('base64url');
  readonly #secret = randomBytes(SECRET_BYTES).toString('base64url');
  #exchanged = false;

  /** The `Set-Cookie` header for the one who brings the token first; `undefined` for everybody else. */
  exchange(token: string): string | undefined {
    if (this.#exchanged || !same(token, this.token)) return undefined;
    this.#exchanged = true;
    return `${COOKIE}=${this.#secret}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** Whether the request's `Cookie` header holds the session. */
  holds(cookies: string | undefined): boolean {
    return (cookies ?? '').split(';').some((pair) => {
      const [name, value = ''] = pair.trim().split('=');
      return name === COOKIE && same(value, this.#secret);
    });
  }
}

/**
 * Whether a request was made to this address and not to a name that somebody pointed here (DNS rebinding). `authority`
 * is `127.0.0.1:PORT`.
 */
export function hostFits(headers: IncomingHttpHeaders, authority: string): boolean {
  return headers.host === authority;
}

/** Whether a request comes from the page itself (cross-site request forgery). Reading needs no Origin, writing does. */
export function originFits(headers: IncomingHttpHeaders, authority: string, writes: boolean): boolean {
  if (headers['sec-fetch-site'] !== undefined && !['same-origin', 'none'].includes(String(headers['sec-fetch-site'])))
    return false;
  return headers.origin === undefined ? !writes : headers.origin === `http://${authority}`;
}
