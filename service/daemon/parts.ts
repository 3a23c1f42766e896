/** What the laptop's updater is put together from; each part is one file of this folder. */
import type { PeerInfo, ProgressInfo, VersionInfo } from '../api/model.ts';

/** What the disk says: which versions are here, and their roles. 0 stands for none. */
export interface Facts {
  readonly booted: number;
  readonly current: number;
  readonly previous: number;
  /** The newest whole deployment that is none of the above. */
  readonly staged: number;
  /** Every whole deployment, ascending. */
  readonly local: readonly number[];
}

/** The newest version besides the running one that is whole here, also when it is chosen and waits for a restart; 0: none. */
export function heldVersion({ booted, current, staged }: Facts): number {
  return Math.max(staged, current > booted ? current : 0);
}

/** A newer version that somebody has and whose release verified. */
export interface FoundVersion {
  readonly info: VersionInfo;
}

export interface CheckPart {
  /**
   * Asks everybody who is near. Resolves with every version above the booted one whose release verified, ascending.
   * @throws RippleError `NoSource` when nobody answered, `SignatureInvalid` when all that came was not real.
   */
  run(signal: AbortSignal): Promise<readonly VersionInfo[]>;
}

export interface FetchPart {
  /**
   * Fetches and stages a version whose release is known. `onStaging` is called once all bytes are here and checked.
   * On return `rootfs/<image>.<version>` is whole, durable and not chosen.
   */
  run(
    version: number,
    report: { progress(progress: ProgressInfo): void; staging(): void },
    signal: AbortSignal,
  ): Promise<void>;
}

export interface SwitchPart {
  facts(): Facts;
  /** Commits: from the next boot on it is `version`. The one that was current, or boots now, becomes the fallback. */
  choose(version: number): Promise<void>;
  /** Commits the way back and returns the version chosen. */
  rollback(): Promise<number>;
  /** Runs the configured restart command. */
  restart(): Promise<void>;
}

export interface CarePart {
  verify(signal: AbortSignal): Promise<{ readonly checked: number; readonly damaged: number }>;
  repair(signal: AbortSignal): Promise<{ readonly repaired: number }>;
}

export interface PeersPart {
  peers(progress: ProgressInfo): readonly PeerInfo[];
  /** A neighbour or a school server that discovery found has it. */
  isNear(version: number): boolean;
  /** Also asks `url` from now on, until it is gone. */
  borrow(url: string): void;
}
