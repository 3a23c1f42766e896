/**
 * Keeps long runs of synchronous file system calls from holding the event loop: such calls are several times quicker
 * than asynchronous ones for small files, but timers, sockets and D-Bus must get their turn.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RippleError } from '../api/errors.ts';

/** Longest run in milliseconds. */
const SLICE_MS = 10;

export class Pace {
  readonly #signal: AbortSignal | undefined;
  #sliceEnds = performance.now() + SLICE_MS;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** True when it is time for `breathe`. */
  get due(): boolean {
    return performance.now() >= this.#sliceEnds;
  }

  /** Lets everybody else have a turn. Throws `Cancelled` once the signal is aborted. */
  async breathe(): Promise<void> {
    await nextTurn();
    throwIfCancelled(this.#signal);
    this.#sliceEnds = performance.now() + SLICE_MS;
  }
}

export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new RippleError('Cancelled', 'stopped before it was done');
}
