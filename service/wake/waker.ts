/**
 * Wakes and is woken: hears packets, drops what is of no use before a signature is checked, has the rest verified, and
 * repeats what verified unless enough others did. What a packet may cost is decided in `core/wake-rules.ts`.
 */
import { createHash } from 'node:crypto';
import { reasonOf } from '../api/errors.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { type TokenBucket, takeTokens, tokenBucket } from '../core/token-bucket.ts';
import {
  repeatDelayMs,
  shouldRepeat,
  spendCheck,
  spendPacket,
  WAKE_MAX_BYTES,
  type WakeBudget,
  wakeBudget,
  wakeGroup,
} from '../core/wake-rules.ts';
import type { Release } from '../image/documents.ts';
import { Ears } from './ears.ts';
import { glance } from './glance.ts';
import type { WakeLink } from './links.ts';
import { sendTo } from './socket.ts';

export interface WakerOptions {
  readonly image: string;
  readonly port: number;
  /** IPv4 addresses to use; empty: every interface that is not internal. */
  readonly interfaces: readonly string[];
  /** Judges a release that claims to be above the one that runs, and keeps it. Rejects when it is not real. */
  verify(bytes: Uint8Array): Promise<Release>;
  /** A packet brought a release that verified and was not known. */
  woken(release: Release): void;
  readonly random: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Known {
  /** By link: how many packets with it came. */
  readonly heard: Map<string, number>;
  state: 'judging' | 'good' | 'bad';
}

const MOST_KNOWN = 64;
/** Of our own packets, on all links together. */
const SENT_PER_SECOND = 0.2;
const SENT_AT_ONCE = 16;

export class Waker {
  readonly #options: WakerOptions;
  readonly #ears: Ears;
  readonly #known = new Map<string, Known>();
  readonly #repeats = new Set<NodeJS.Timeout>();
  readonly #troubles = new Set<string>();
  #version = 0;
  #budget: WakeBudget;
  #sending: TokenBucket;

  constructor(options: WakerOptions) {
    this.#options = options;
    const now = options.clock.monotonicMs();
    this.#budget = wakeBudget(now);
    this.#sending = tokenBucket(SENT_PER_SECOND, now, SENT_AT_ONCE);
    this.#ears = new Ears({
      ...options,
      heard: (bytes, link) => void this.#heard(bytes, link),
      failed: ({ key }, why) => this.#trouble(`cannot listen for wake-up packets on ${key}: ${why}`),
    });
  }

  /** Hears what is sent to those who run `version`. */
  listen(version: number): void {
    this.#version = version;
    this.#ears.listen(wakeGroup(this.#options.image, version));
  }

  stop(): void {
    this.#ears.stop();
    for (const timer of this.#repeats) clearTimeout(timer);
    this.#repeats.clear();
  }

  /** A release that verified came another way: whoever runs the same version hears of it, unless others are telling. */
  learned(bytes: Uint8Array, { version }: Release): void {
    if (version <= this.#version || bytes.length > WAKE_MAX_BYTES) return;
    const digest = digestOf(bytes);
    if (this.#known.has(digest)) return;
    this.#remember(digest, { heard: new Map(), state: 'good' });
    this.#repeatLater(digest, bytes);
  }

  /** Tells those who run one of `versions` of a release, now. */
  async tell(bytes: Uint8Array, versions: readonly number[]): Promise<void> {
    const { image, logger } = this.#options;
    const release = glance(bytes);
    if (release?.image !== image) {
      logger.info('a release does not fit a wake-up packet: laptops hear of it by mDNS', { bytes: bytes.length });
      return;
    }
    for (const version of versions) for (const link of this.#ears.links()) await this.#send(link, version, bytes);
    logger.info('woke', { version: release.version, from: versions });
  }

  async #heard(bytes: Buffer, link: WakeLink): Promise<void> {
    const { clock, logger, image } = this.#options;
    const spent = spendPacket(this.#budget, clock.monotonicMs());
    this.#budget = spent.budget;
    if (!spent.ok) {
      const deafMs = Math.max(1, this.#budget.deafUntilMs - clock.monotonicMs());
      this.#ears.turnAway(deafMs);
      logger.warn('too many wake-up packets: not listening for a while', { seconds: Math.round(deafMs / 1000) });
      return;
    }
    const claimed = glance(bytes);
    if (!claimed || claimed.image !== image || claimed.version <= this.#version) return;
    const digest = digestOf(bytes);
    const known = this.#known.get(digest);
    if (known) {
      known.heard.set(link.key, (known.heard.get(link.key) ?? 0) + 1);
      return;
    }
    const check = spendCheck(this.#budget, clock.monotonicMs());
    this.#budget = check.budget;
    if (!check.ok) return;
    await this.#judge(digest, bytes, link);
  }

  async #judge(digest: string, bytes: Uint8Array, link: WakeLink): Promise<void> {
    const { verify, woken, logger } = this.#options;
    const known: Known = { heard: new Map([[link.key, 1]]), state: 'judging' };
    this.#remember(digest, known);
    try {
      const release = await verify(bytes);
      known.state = 'good';
      logger.info('woken', { version: release.version, severity: release.severity });
      this.#repeatLater(digest, bytes);
      woken(release);
    } catch (error) {
      known.state = 'bad';
      logger.warn('a wake-up packet was not real', { message: reasonOf(error) });
    }
  }

  #repeatLater(digest: string, bytes: Uint8Array): void {
    for (const link of this.#ears.links()) {
      const timer = setTimeout(() => {
        this.#repeats.delete(timer);
        const known = this.#known.get(digest);
        if (known && shouldRepeat(known.heard.get(link.key) ?? 0)) void this.#send(link, this.#version, bytes);
      }, repeatDelayMs(this.#options.random()));
      this.#repeats.add(timer.unref());
    }
  }

  async #send(link: WakeLink, version: number, bytes: Uint8Array): Promise<void> {
    const { image, port, clock, logger } = this.#options;
    const { bucket, waitMs } = takeTokens(this.#sending, clock.monotonicMs(), 1);
    if (waitMs > 0) {
      logger.warn('no more wake-up packets for now', { version });
      return;
    }
    this.#sending = bucket;
    try {
      await sendTo(link, wakeGroup(image, version), port, bytes);
    } catch (error) {
      this.#trouble(`cannot wake others on ${link.key}: ${reasonOf(error)}`);
    }
  }

  /** What was refused goes first: a flood must not have us forget, and judge again, what is good. */
  #remember(digest: string, known: Known): void {
    if (this.#known.size >= MOST_KNOWN) {
      const [oldest] = this.#known.keys();
      const bad = [...this.#known].find(([, { state }]) => state === 'bad')?.[0] ?? oldest;
      if (bad !== undefined) this.#known.delete(bad);
    }
    this.#known.set(digest, known);
  }

  /** The same trouble comes back with every look at the network: it is worth one line. */
  #trouble(message: string): void {
    if (this.#troubles.has(message) || this.#troubles.size >= 100) return;
    this.#troubles.add(message);
    this.#options.logger.warn(message);
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
