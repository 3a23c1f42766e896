/** A program that brings a machine from the older tree to the newer one, and what that took. */
import type { Cost } from '../measure.ts';
import type { Workplace } from './workplace.ts';

export interface ToolCost extends Cost {
  /** Memory that the program has before it does anything, within `peakBytes`: of an interpreter. */
  readonly restBytes?: number;
  /** Processor time that the program takes before it does anything; not within `cpuMs`. */
  readonly startCpuMs?: number;
}

export interface Outcome {
  /** What has to travel. */
  readonly bytes: number;
  /** The signed document that says what the update is; not within `bytes`. */
  readonly releaseBytes?: number;
  readonly make?: ToolCost;
  readonly apply?: ToolCost;
  /** What is wrong with the result; '': nothing. */
  readonly wrong: string;
}

export interface Rival {
  /** One word, as the tables have it. */
  readonly name: string;
  /** Debian packages whose versions are part of the result. */
  readonly packages: readonly string[];
  /** What it does, as a reader could type it. It must change when what is measured changes. */
  readonly recipe: string;
  /** Of our own: names the code that is measured. */
  readonly code?: string;
  run(place: Workplace): Outcome;
}
