/** Tells the bus which properties changed: only those that did, the fast-moving ones at most five times a second. */
import type { Properties, PropertyName, Variant } from '../api/description.ts';
import { fingerprint, propertyNames, propertyVariant } from './encode.ts';

/** They move with every block that arrives; a screen needs no more than this. */
const COALESCED: ReadonlySet<PropertyName> = new Set(['Progress', 'Peers']);
const INTERVAL_MS = 200;

export class PropertyChanges {
  readonly #read: () => Properties;
  readonly #emit: (changed: Readonly<Record<string, Variant>>) => void;
  readonly #told = new Map<PropertyName, string>();
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;
  #coalescedAtMs = Number.NEGATIVE_INFINITY;

  /** `emit` gets what changed since it was last called. */
  constructor(read: () => Properties, emit: (changed: Readonly<Record<string, Variant>>) => void) {
    this.#read = read;
    this.#emit = emit;
    for (const [name, print] of this.#prints(read())) this.#told.set(name, print);
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
    const properties = this.#read();
    const changed: Record<string, Variant> = {};
    for (const [name, print] of this.#prints(properties)) {
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
      changed[name] = propertyVariant(name, properties);
    }
    if (Object.keys(changed).length > 0) this.#emit(changed);
  }

  stop(): void {
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
  }

  *#prints(properties: Properties): Iterable<[PropertyName, string]> {
    for (const name of propertyNames()) yield [name, fingerprint(properties[name])];
  }
}
