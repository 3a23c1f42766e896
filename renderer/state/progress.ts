import type { ProgressInfo } from '../../service/api/model.ts';

/** What is said aloud of progress, in this order. */
export const STEPS = ['started', 'quarter', 'half', 'nearly'] as const;
export type Step = (typeof STEPS)[number];

/** How full the figure is, 0 to 1. Nothing known is nothing drawn. */
export function levelOf(progress: ProgressInfo): number {
  if (progress.totalBytes <= 0) return 0;
  return Math.min(1, Math.max(0, progress.doneBytes / progress.totalBytes));
}

export function stepOf(level: number): Step {
  if (level < 0.25) return 'started';
  if (level < 0.5) return 'quarter';
  return level < 0.85 ? 'half' : 'nearly';
}

const BETWEEN_MS = 15_000;

/**
 * Decides what the live region says: each step once, never two within 15 seconds. Screens (`say`) are told at once,
 * since each is the answer to a tap or the end of something.
 */
export class Speaker {
  #lastStep: Step | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** A screen with these words came up: always said, and progress starts over. */
  screen(nowMs: number): void {
    this.#lastStep = undefined;
    this.#lastMs = nowMs;
  }

  /** The step to say now, if any. A step that comes too early is said by a later call, if it is still true then. */
  progress(level: number, nowMs: number): Step | undefined {
    const step = stepOf(level);
    if (step === this.#lastStep || nowMs - this.#lastMs < BETWEEN_MS) return undefined;
    this.#lastStep = step;
    this.#lastMs = nowMs;
    return step;
  }
}
