/** Turns counts of bytes into what the Progress property says. */
import { NO_PROGRESS, type ProgressInfo, type ProgressPhase } from '../api/model.ts';
import type { Clock } from '../core/ports.ts';

/** The rate is a mean over about so long. */
const RATE_WINDOW_MS = 5000;

export class Meter {
  readonly #clock: Clock;
  readonly #report: (progress: ProgressInfo) => void;
  #progress: ProgressInfo;
  #samples: { readonly ms: number; readonly bytes: number }[] = [];

  constructor(version: number, clock: Clock, report: (progress: ProgressInfo) => void) {
    this.#clock = clock;
    this.#report = report;
    this.#progress = { ...NO_PROGRESS, version };
  }

  phase(phase: ProgressPhase, totalBytes: number): void {
    this.#samples = [];
    this.#tell({ phase, doneBytes: 0, totalBytes, etaSeconds: 0 });
  }

  done(doneBytes: number): void {
    this.#tell({ doneBytes, etaSeconds: this.#eta(doneBytes) });
  }

  fetched(doneBytes: number, bySource: Readonly<Record<string, number>>): void {
    this.#tell({
      doneBytes,
      fromPeers: { ...this.#progress.fromPeers, ...bySource },
      etaSeconds: this.#eta(doneBytes),
    });
  }

  #tell(change: Partial<ProgressInfo>): void {
    this.#progress = { ...this.#progress, ...change };
    this.#report(this.#progress);
  }

  #eta(doneBytes: number): number {
    const ms = this.#clock.monotonicMs();
    this.#samples.push({ ms, bytes: doneBytes });
    while (this.#samples.length > 2 && ms - (this.#samples[0]?.ms ?? ms) > RATE_WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0];
    if (!first || ms === first.ms || doneBytes <= first.bytes) return 0;
    const bytesPerMs = (doneBytes - first.bytes) / (ms - first.ms);
    return Math.ceil((this.#progress.totalBytes - doneBytes) / bytesPerMs / 1000);
  }
}
