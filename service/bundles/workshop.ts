/**
 * Bundles that are made because somebody asked. Whoever asks cannot make this machine work without end: only between versions that
 * are here, one at a time, a short queue, each pair once; what failed is not tried again, and what does not fit is not kept.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { asRippleError } from '../api/errors.ts';
import type { BundleName, Logger } from '../core/ports.ts';
import { makeBundleFile } from './make.ts';
import { type BundleShelf, UNFINISHED } from './shelf.ts';
import type { Side } from './side.ts';

export interface WorkshopOptions {
  readonly shelf: BundleShelf;
  /** Where a version of this manifest is, if it is here; `to` must be one that is given to others. */
  readonly sideOf: (manifestSha256: string, role: 'from' | 'to') => Side | undefined;
  /** Whether this machine has nothing better to do: asked before one is begun. */
  readonly isFree: () => boolean;
  /** Asked now and then while one is made; else it is put back. */
  readonly mayGoOn: () => boolean;
  /** How often it asks. Default 10 s. */
  readonly lookMs?: number;
  readonly logger: Logger;
}

const MOST_WAITING = 8;
/** Far more pairs than versions are kept anywhere. */
const MOST_FAILED = 4096;
/** After that a pair is given up, for ever. */
const TIME_LIMIT_MS = 60 * 60 * 1000;
/** While it is busy with something else it looks again so often. */
const LOOK_MS = 10_000;
const RETRY_AFTER_SECONDS = 5;

export class BundleWorkshop {
  readonly #options: WorkshopOptions;
  readonly #waiting: BundleName[] = [];
  readonly #failed = new Set<string>();
  readonly #stop = new AbortController();
  #making: BundleName | undefined;
  #done: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WorkshopOptions) {
    this.#options = options;
  }

  /** Somebody wants one that is not here. Answers in how many seconds to ask again; `undefined`: it is not to be had. */
  ask(name: BundleName): number | undefined {
    const { isFree } = this.#options;
    if (this.#stop.signal.aborted || this.#failed.has(keyOf(name)) || !this.#sides(name)) return undefined;
    const isKnown = [this.#making, ...this.#waiting].some((one) => one && keyOf(one) === keyOf(name));
    if (!isKnown) {
      if (this.#waiting.length >= MOST_WAITING) return undefined;
      this.#waiting.push(name);
    }
    this.#next();
    // Who knows when there is time for it?
    return this.#making || isFree() ? RETRY_AFTER_SECONDS : undefined;
  }

  /** Stops what is being made. */
  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#done;
  }

  #next(): void {
    if (this.#making || this.#stop.signal.aborted || this.#waiting.length === 0) return;
    if (!this.#options.isFree()) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#next();
      }, this.#options.lookMs ?? LOOK_MS).unref();
      return;
    }
    const name = this.#waiting.shift();
    if (!name) return;
    this.#making = name;
    this.#done = this.#make(name).finally(() => {
      this.#making = undefined;
      this.#next();
    });
  }

  async #make(name: BundleName): Promise<void> {
    const { shelf, logger, mayGoOn, lookMs = LOOK_MS } = this.#options;
    const out = join(shelf.folder, `${UNFINISHED}${keyOf(name)}`);
    const startedMs = performance.now();
    const pause = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, pause.signal]);
    const looking = setInterval(() => mayGoOn() || pause.abort(), lookMs).unref();
    try {
      const sides = this.#sides(name);
      if (!sides) return;
      rmSync(out, { force: true });
      const options = { out, maxBytes: shelf.roomBytes, inBackground: true, timeLimitMs: TIME_LIMIT_MS };
      const bytes = await makeBundleFile({ ...sides, ...options, signal });
      const isKept = bytes !== undefined && shelf.put(name, out);
      if (!isKept) this.#giveUp(name);
      const seconds = Math.round((performance.now() - startedMs) / 1000);
      logger.info(isKept ? 'made a bundle' : 'a bundle was not worth its bytes', {
        ...name,
        bytes: bytes ?? 0,
        seconds,
      });
    } catch (error) {
      if (pause.signal.aborted) this.#waiting.push(name);
      if (signal.aborted) return;
      this.#giveUp(name);
      logger.warn('cannot make a bundle', { ...name, message: asRippleError(error).message });
    } finally {
      clearInterval(looking);
      rmSync(out, { force: true });
    }
  }

  #giveUp(name: BundleName): void {
    if (this.#failed.size < MOST_FAILED) this.#failed.add(keyOf(name));
  }

  #sides({ from, to }: BundleName): { readonly from: Side; readonly to: Side } | undefined {
    if (from === to) return undefined;
    const sides = { from: this.#options.sideOf(from, 'from'), to: this.#options.sideOf(to, 'to') };
    return sides.from && sides.to ? { from: sides.from, to: sides.to } : undefined;
  }
}

function keyOf({ from, to }: BundleName): string {
  return `${from}-${to}`;
}
