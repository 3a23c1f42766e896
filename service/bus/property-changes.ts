/** Tells the bus which properties changed: only those that did, the fast-moving ones at most five times a second. */
import type { Variant } from '../api/description.ts';
import { fingerprint } from './encode.ts';

type Values = Readonly<Record<string, Variant>>;

/** They move with every block that arrives; a screen needs no more than this. */
const COALESCED: ReadonlySet<string> = new Set(['Progress', 'Peers', 'Laptops']);
const INTERVAL_MS = 200;

export class PropertyChanges {
  readonly #read: () => Values;
  readonly #emit: (changed: Values) => void;
  readonly #told = new Map<string, string>();
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;
  #coalescedAtMs = Number.NEGATIVE_INFINITY;

  /** `emit` gets what changed since it was last called. */
  constructor(read: () => Values, emit: (changed: Values) => void) {
    this.#read = read;
    this.#emit = emit;
    for (const [name, { value }] of Object.entries(read())) this.#told.set(name, fingerprint(value));
  }

  /** Something may have changed; several of these in one turn of the loop cost one comparison. */
  touch(): void {
    this.#soon ??= setImmediate(() => this.flush());
  }

  /** Compares and tells now; what is coalesced and not due follows by itself, with its last value. */
  flush(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    const waitMs = this.#coalescedAtMs + INTERVAL_MS - performance.now();
    const changed: Record<string, Variant> = {};
    for (const [name, variant] of Object.entries(this.#read())) {
      const print = fingerprint(variant.value);
      if (this.#told.get(name) === print) continue;
      if (COALESCED.has(name)) {
        if (waitMs > 0) {
          this.#later ??= setTimeout(() => {
            this.#later = undefined;
            this.flush();
          }, waitMs);
          continue;
        }
        this.#coalescedAtMs = performance.now();
      }
      this.#told.set(name, print);
      changed[name] = variant;
    }
    if (Object.keys(changed).length > 0) this.#emit(changed);
  }

  stop(): void {
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
  }
}
