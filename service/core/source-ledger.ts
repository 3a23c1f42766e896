/**
 * What is known of each source, by id: who gave, who failed, who lied; some of it for longer than the daemon runs. Time is
 * monotonic and given by the caller; nothing hangs on the wall clock.
 */
import type { Source } from './ports.ts';
import type { SourceFault } from './source-error.ts';

/** "For the rest of the day" (DESIGN 8), for a machine that may not know when a day ends. */
export const PEER_BAN_MS = 24 * 60 * 60 * 1000;
/**
 * A school server with one rotten file must not leave its school without updates for a day, nor a login page of the
 * network the laptop that met it.
 */
export const SERVER_BAN_MS = 15 * 60 * 1000;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 60_000;
/** Ids of neighbours are chosen by the neighbours: the number kept is bounded, oldest out first. */
const MAX_RECORDS = 1024;

export interface SourceRecord {
  attempts: number;
  /** It gave at least one blob whose hash was right. */
  proven: boolean;
  /** In a row. */
  failures: number;
  /** Blobs in a row it did not have. */
  misses: number;
  bytes: number;
  rateBytesPerSecond: number;
  waitUntilMs: number;
  bannedUntilMs: number;
}

const UNKNOWN: Readonly<SourceRecord> = {
  attempts: 0,
  proven: false,
  failures: 0,
  misses: 0,
  bytes: 0,
  rateBytesPerSecond: 0,
  waitUntilMs: 0,
  bannedUntilMs: 0,
};

/** Of a source what outlives the daemon. */
export interface RememberedSource {
  readonly id: string;
  readonly proven: boolean;
  readonly rateBytesPerSecond: number;
  /** Of its ban; 0: none. The time that the laptop is off does not count, for nobody may know how long it was. */
  readonly bannedForMs: number;
}

export class SourceLedger {
  readonly #records = new Map<string, SourceRecord>();
  readonly #banListeners: (() => void)[] = [];

  /** How many sources are kept. */
  get size(): number {
    return this.#records.size;
  }

  /** Called after somebody was banned. */
  onBan(listener: () => void): void {
    this.#banListeners.push(listener);
  }

  /** Who is worth remembering, `most` at most: first who is banned, then who gave, the greatest givers first. */
  remembered(nowMs: number, most: number): readonly RememberedSource[] {
    const weight = ({ bannedUntilMs, bytes }: SourceRecord): number =>
      bannedUntilMs > nowMs ? Number.POSITIVE_INFINITY : bytes;
    return [...this.#records]
      .filter(([, { proven, bannedUntilMs }]) => proven || bannedUntilMs > nowMs)
      .sort(([, a], [, b]) => (weight(a) === weight(b) ? 0 : weight(b) - weight(a)))
      .slice(0, most)
      .map(([id, { proven, rateBytesPerSecond, bannedUntilMs }]) => ({
        id,
        proven,
        rateBytesPerSecond: Math.round(rateBytesPerSecond),
        bannedForMs: Math.max(0, bannedUntilMs - nowMs),
      }));
  }

  /** Takes up what an earlier run remembered. */
  recall(sources: readonly RememberedSource[], nowMs: number): void {
    for (const { id, proven, rateBytesPerSecond, bannedForMs } of sources) {
      const record = this.#record(id);
      record.proven = proven;
      record.rateBytesPerSecond = rateBytesPerSecond;
      record.bannedUntilMs = bannedForMs > 0 ? nowMs + Math.min(bannedForMs, PEER_BAN_MS) : 0;
    }
  }

  /** As it is now. To ask of somebody keeps nothing of it. */
  get(id: string): Readonly<SourceRecord> {
    return this.#records.get(id) ?? UNKNOWN;
  }

  isBanned(id: string, nowMs: number): boolean {
    return (this.#records.get(id)?.bannedUntilMs ?? 0) > nowMs;
  }

  /** It gave at least one blob that was right. */
  isProven(id: string): boolean {
    return this.#records.get(id)?.proven === true;
  }

  /** A blob came whole and right. */
  gave(id: string): void {
    const record = this.#record(id);
    record.attempts += 1;
    record.proven = true;
    record.failures = 0;
    record.misses = 0;
    record.waitUntilMs = 0;
  }

  addBytes(id: string, bytes: number): void {
    this.#record(id).bytes += bytes;
  }

  /** Something was measured over a second or so: kept as a moving mean. */
  measured(id: string, bytesPerSecond: number): void {
    const record = this.#record(id);
    record.rateBytesPerSecond =
      record.rateBytesPerSecond === 0 ? bytesPerSecond : 0.7 * record.rateBytesPerSecond + 0.3 * bytesPerSecond;
  }

  /** `missing` is no fault; `busy` waits as long as it was told; `lied` bans; the rest backs off, longer each time. */
  failed(source: Pick<Source, 'id' | 'kind'>, reason: SourceFault, nowMs: number, retryAfterMs = 0): void {
    const record = this.#record(source.id);
    record.attempts += 1;
    switch (reason) {
      case 'missing':
        record.misses += 1;
        return;
      case 'lied':
        record.bannedUntilMs = nowMs + (source.kind === 'peer' ? PEER_BAN_MS : SERVER_BAN_MS);
        for (const listener of this.#banListeners) listener();
        return;
      case 'busy':
        record.waitUntilMs = nowMs + Math.min(Math.max(retryAfterMs, FIRST_BACKOFF_MS), MAX_BACKOFF_MS);
        return;
      case 'unreachable':
      case 'stalled':
      case 'unusable':
        record.failures += 1;
        record.waitUntilMs = nowMs + Math.min(FIRST_BACKOFF_MS * 2 ** (record.failures - 1), MAX_BACKOFF_MS);
    }
  }

  /** Discovery heard of it again: it gets a new chance at once, unless it is banned. */
  seenAgain(id: string): void {
    const record = this.#records.get(id);
    if (!record) return;
    record.failures = 0;
    record.misses = 0;
    record.waitUntilMs = 0;
  }

  /** What goes by this name from now on is another: another stick at the same mount point. */
  forget(id: string): void {
    this.#records.delete(id);
  }

  #record(id: string): SourceRecord {
    let record = this.#records.get(id);
    if (!record) {
      this.#makeRoom();
      record = { ...UNKNOWN };
      this.#records.set(id, record);
    }
    return record;
  }

  /** Bans go last: else a liar could wash its own away with a flood of new names. */
  #makeRoom(): void {
    if (this.#records.size < MAX_RECORDS) return;
    for (const [id, record] of this.#records) {
      if (record.bannedUntilMs > 0) continue;
      this.#records.delete(id);
      return;
    }
    for (const id of this.#records.keys()) {
      this.#records.delete(id);
      return;
    }
  }
}
