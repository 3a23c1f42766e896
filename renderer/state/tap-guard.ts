/** WCAG 2.2 asks for help against accidental taps; half a second is what a child's double tap takes. */
const QUIET_MS = 500;

/**
 * Takes the second of two quick taps away, and also a tap that was on its way while the screen changed under the finger:
 * what is under it now is another button than the one that was meant.
 */
export class TapGuard {
  #quietUntilMs = 0;

  /** True when a tap at `nowMs` (any clock that only goes forward) counts. */
  allow(nowMs: number): boolean {
    if (nowMs < this.#quietUntilMs) return false;
    this.#quietUntilMs = nowMs + QUIET_MS;
    return true;
  }

  screenChanged(nowMs: number): void {
    this.#quietUntilMs = nowMs + QUIET_MS;
  }
}
