/** What a laptop says of itself: announced to everybody near, and reported to whoever asks. */
import type { UpdaterSnapshot } from '../api/model.ts';
import type { Announcement } from '../core/ports.ts';
import { formatReport } from '../image/report.ts';
import type { Config } from './config.ts';
import type { MemoryState } from './memory.ts';
import { type Facts, heldVersion } from './parts.ts';

export interface SelfFacts {
  readonly config: Config;
  readonly memory: MemoryState;
  readonly facts: Facts;
  readonly snapshot: UpdaterSnapshot;
  /** Number of the order that is carried; 0: none. */
  readonly orderEpoch: number;
  readonly follows: boolean;
}

export function announcementOf(self: SelfFacts, port: number): Announcement {
  const { config, memory, facts, snapshot } = self;
  return {
    id: memory.id,
    image: config.image,
    version: facts.booted,
    held: config.shareStaged ? heldVersion(facts) : 0,
    getting: ['fetching', 'staging'].includes(snapshot.state) ? snapshot.progress.version : 0,
    role: config.role,
    latestEpoch: memory.latestEpoch,
    orderEpoch: self.orderEpoch,
    wentBackFrom: wentBackFrom(self),
    follows: self.follows,
    state: snapshot.state,
    // Told in steps, so that a fetch does not fill the air with announcements.
    progress: Math.floor(doneShare(snapshot) * 4) * 25,
    name: config.ownerName,
    colours: config.ownerColours,
    port,
  };
}

export function reportOf(self: SelfFacts): Uint8Array {
  const { config, memory, facts, snapshot } = self;
  return formatReport({
    id: memory.id,
    image: config.image,
    version: facts.booted,
    state: snapshot.state,
    progress: Math.floor(doneShare(snapshot) * 100),
    error: snapshot.lastError.code,
    rolledBackFrom: wentBackFrom(self),
    orderEpoch: self.orderEpoch,
    name: config.ownerName,
    colours: config.ownerColours,
  });
}

function doneShare({ progress: { doneBytes, totalBytes } }: UpdaterSnapshot): number {
  return totalBytes > 0 ? Math.min(1, doneBytes / totalBytes) : 0;
}

/** Nothing once it runs all the same. */
function wentBackFrom({ memory, facts }: SelfFacts): number {
  return memory.wentBackFrom === facts.booted ? 0 : memory.wentBackFrom;
}
