/**
 * Who may talk to the bridge: whoever was handed the token, once. Anyone on the laptop can connect to a loopback port,
 * and any page in a browser can make it send requests there, so being local proves nothing.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Where a call says which window it comes from. */
export const WINDOW_HEADER = 'x-ripple-window';
const COOKIE = 'ripple_session';
const SECRET_BYTES = 32;

function same(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/**
 * The cookie keeps scripts and other sites out, but every window of the browser has it; the window's key keeps other windows
 * out, but a script could read it. Both are asked for.
 */
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

  /** For the one window that exchanged the token, to keep where no other window of the same browser can read it. */
  readonly windowKey = randomBytes(SECRET_BYTES).toString('base64url');

  /** Whether the request's `Cookie` header holds the session, and `windowKey` is the window's. */
  holds(cookies: string | undefined, windowKey: string | undefined): boolean {
    if (!same(windowKey ?? '', this.windowKey)) return false;
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
