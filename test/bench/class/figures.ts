/** What `npm run bench:class` measures; also the shape of `docs/class.json`, from which the simulator is calibrated. */

export interface ClassSetup {
  /** Bytes of content that each laptop lacks of the new version, and in how many blobs. */
  readonly contentBytes: number;
  readonly blobs: number;
  readonly manifestBytes: number;
  /** Files of the tree. */
  readonly files: number;
  readonly serverBitsPerSecond: number;
  /** Upload slots of the server and of each laptop. */
  readonly slots: number;
  /** Of each laptop's own link; 0: not capped, as fast as two processors are. */
  readonly laptopBitsPerSecond: number;
  readonly cores: number;
  /** Load average (of the last minute) when it began: other programs' share of the processors. */
  readonly loadAtStart: number;
}

/** One class that got one version. */
export interface ClassRun {
  readonly way: string;
  readonly laptops: number;
  /** From the moment when the server has it until each laptop has it whole, checked and written, ascending. */
  readonly seconds: readonly number[];
  readonly serverBytes: number;
  /** Sent by everybody, the server too. */
  readonly allBytes: number;
  /** Processor seconds of all laptops' daemons together; 0: not measured. */
  readonly cpuSeconds: number;
}

/** Processor seconds of one laptop that gets one version, with nobody else near. */
export interface AloneFigures {
  /** From hearing of it until content comes, the manifest too. */
  readonly lookSeconds: number;
  /** While content comes: to receive, hash and write, requests included. */
  readonly takeSecondsPerMegabyte: number;
  /** The server's, at the same time. */
  readonly giveSecondsPerMegabyte: number;
  /** From the last byte until it is staged. */
  readonly stageSeconds: number;
  /** Of whoever answers a question that needs no content. */
  readonly requestSeconds: number;
}

export interface ClassFigures {
  readonly setup: ClassSetup;
  /** Absent: not measured; then nothing can be simulated. */
  readonly alone?: AloneFigures;
  readonly runs: readonly ClassRun[];
}

/** Whoever hangs is not waited for longer, and counts as if it had been done by then. */
export const MOST_SECONDS = 900;

export const OURS = 'ripple, neighbours first';
export const OWN_HTTP = 'ripple, all from the server';

export function lastSeconds({ seconds }: ClassRun): number {
  return seconds.at(-1) ?? Number.NaN;
}
