/** Lets changes out at a bounded rate: what comes too fast is dropped, except the last one, which always goes out. */
import type { Service } from './backend.ts';
import { Timers } from './timers.ts';
import { sameRecord } from './txt.ts';

/** A progress bar of a friend needs no more; every packet goes to the whole class. */
const APART_MS = 1_000;
const PROGRESS_APART_MS = 5_000;

/** Milliseconds that must lie between announcing `before` and `after`; `undefined`: there is nothing to say. */
export function spacingMs(before: Service, after: Service): number | undefined {
  if (before.port === after.port && sameRecord(before.record, after.record)) return undefined;
  const asBefore = { ...after.record, progress: before.record.progress };
  return before.port === after.port && sameRecord(before.record, asBefore) ? PROGRESS_APART_MS : APART_MS;
}

export class Announcer {
  readonly #say: (service: Service) => void;
  readonly #nowMs: () => number;
  readonly #timers = new Timers();
  #said: Service;
  #saidMs: number;
  #wanted: Service;

  /** @param first what has been announced already. */
  constructor(first: Service, nowMs: () => number, say: (service: Service) => void) {
    this.#said = first;
    this.#wanted = first;
    this.#nowMs = nowMs;
    this.#saidMs = nowMs();
    this.#say = say;
  }

  /** What should be announced now. */
  get wanted(): Service {
    return this.#wanted;
  }

  announce(service: Service): void {
    this.#wanted = service;
    const apartMs = spacingMs(this.#said, service);
    if (apartMs === undefined) this.#timers.cancel('say');
    else this.#timers.again('say', Math.max(0, this.#saidMs + apartMs - this.#nowMs()), () => this.#sayNow());
  }

  stop(): void {
    this.#timers.stop();
  }

  #sayNow(): void {
    this.#said = this.#wanted;
    this.#saidMs = this.#nowMs();
    this.#say(this.#said);
  }
}
