/** What a simulation is asked, and what it answers. Bytes, and seconds since the school server had the version. */

export const POLICIES = ['server', 'rsync', 'neighbours', 'bundles'] as const;
export type Policy = (typeof POLICIES)[number];

export const POLICY_TITLES: Readonly<Record<Policy, string>> = {
  server: 'everyone from the server',
  rsync: 'rsync from the server',
  neighbours: 'neighbours first',
  bundles: 'neighbours with bundles',
};

/** An update, as it travels. */
export interface Update {
  readonly treeBytes: number;
  readonly manifestBytes: number;
  /** Content that changed, and in how many files. */
  readonly changedBytes: number;
  readonly changedFiles: number;
  readonly bundleBytes: number;
  /** What `rsync` sends for it. */
  readonly rsyncBytes: number;
}

/** One machine, measured alone: seconds of its processor. */
export interface Machine {
  /** A look around. */
  readonly lookSeconds: number;
  /** Plan, stage and flush, whichever way the content came. */
  readonly stageSeconds: number;
  /** For each megabyte of whole files that came, when the tree is made. */
  readonly stageSecondsPerMegabyte: number;
  readonly unpackSeconds: number;
  /** To receive, hash and write. */
  readonly takeSecondsPerMegabyte: number;
  readonly giveSecondsPerMegabyte: number;
  /** One question, for the one who asks and for the one who answers. */
  readonly requestSeconds: number;
  /** All laptops are processes of one machine with so many cores; 0: each has its own. */
  readonly sharedCores: number;
}

export interface Links {
  /** Of the school server to its network. */
  readonly serverBytesPerSecond: number;
  /** Of a channel, for everybody on it together. */
  readonly airBytesPerSecond: number;
  /** From one laptop, whoever takes. */
  readonly laptopBytesPerSecond: number;
  readonly requestSeconds: number;
}

export interface Run {
  readonly policy: Policy;
  readonly laptops: number;
  /** Ascending: when each laptop that got it had it staged. */
  readonly hasAt: readonly number[];
  /** Each of these times stands for so many laptops. */
  readonly weight: number;
  readonly serverBytes: number;
  readonly peerBytes: number;
  /** What laptops took in all; what was cut half-way too. */
  readonly takenBytes: number;
  /** The school's link to the publisher. */
  readonly uplinkBytes: number;
  /** Seconds of use of all channels together, and of the one that was used most. */
  readonly airSeconds: number;
  readonly busiestAirSeconds: number;
  readonly wakePackets: number;
  /** Laptops that had to wait because of their battery. */
  readonly waitedForPower: number;
  /** When the simulation ended. */
  readonly endSeconds: number;
}

/** Seconds until so many (0–1) of all laptops had it; `undefined`: not before the end. */
export function timeUntil(
  { hasAt, laptops, weight }: Pick<Run, 'hasAt' | 'laptops' | 'weight'>,
  share: number,
): number | undefined {
  // What a sample stands for is not whole: the last of it is the last of all.
  const needed = Math.ceil((share * laptops) / weight);
  return hasAt[Math.max(1, weight > 1 ? Math.min(needed, Math.round(hasAt.length * 1.001)) : needed) - 1];
}
