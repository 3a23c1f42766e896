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

export interface ClassFigures {
  readonly setup: ClassSetup;
  readonly runs: readonly ClassRun[];
}

export const OURS = 'ripple, neighbours first';

export function lastSeconds({ seconds }: ClassRun): number {
  return seconds.at(-1) ?? Number.NaN;
}
