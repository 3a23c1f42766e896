/** The verifier with its memory: the newest keyring, trusted time and epoch live on disk and only ever after they verified. */
import { existsSync, readFileSync } from 'node:fs';
import { RippleError, reasonOf } from '../api/errors.ts';
import type { Logger, Source } from '../core/ports.ts';
import { inFile, SignatureError } from '../core/signature-error.ts';
import type { Layout } from '../deploy/layout.ts';
import {
  type Latest,
  MAX_DOCUMENT_BYTES,
  MAX_KEYRING_BYTES,
  type Order,
  parseKeyring,
  parseRelease,
  type Release,
} from '../image/documents.ts';
import { readSignedMessage } from '../sign/packets.ts';
import { type Verified, Verifier } from '../sign/verifier.ts';
import { writeDurablySync } from '../sys/durable.ts';
import type { Memory } from './memory.ts';

/** A chain longer than this in one check is somebody's joke. */
const MAX_STEPS = 32;

export class TrustKeeper {
  readonly #file: string;
  readonly #installed: Uint8Array;
  readonly #layout: Layout;
  readonly #memory: Memory;
  readonly #logger: Logger;
  readonly #listeners: (() => void)[] = [];
  readonly #releaseListeners: ((bytes: Uint8Array, release: Release) => void)[] = [];
  #opening: Promise<Verifier> | undefined;

  private constructor(file: string, installed: Uint8Array, layout: Layout, memory: Memory, logger: Logger) {
    this.#file = file;
    this.#installed = installed;
    this.#layout = layout;
    this.#memory = memory;
    this.#logger = logger;
  }

  /**
   * Its keys are read, and their own signature checked, with the first document that is to be judged: a laptop that only
   * gives needs no OpenPGP in memory.
   * @throws RippleError when the installed keyring is missing or not a keyring
   */
  static open(installed: string, layout: Layout, memory: Memory, logger: Logger): TrustKeeper {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(installed);
    } catch (error) {
      throw new RippleError(
        'InvalidArgument',
        `cannot read the keyring ${installed}: ${reasonOf(error)}; it comes with the image, or from a repository: keyring/1.pgp`,
      );
    }
    try {
      parseKeyring(readSignedMessage(bytes, MAX_KEYRING_BYTES).payload);
    } catch (error) {
      throw inFile(installed, error);
    }
    return new TrustKeeper(installed, bytes, layout, memory, logger);
  }

  #verifier(): Promise<Verifier> {
    this.#opening ??= this.#newestVerifier().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  /** By the newer of the installed keyring and the one kept by an earlier run. */
  async #newestVerifier(): Promise<Verifier> {
    const time = this.#memory.state.trustedTimeSeconds;
    let verifier = await Verifier.fromInstalled(this.#installed, 0, time).catch((error: unknown) => {
      throw inFile(this.#file, error);
    });
    let trusted = this.#installed;
    if (existsSync(this.#layout.keyring)) {
      try {
        const keptBytes = readFileSync(this.#layout.keyring);
        const kept = await Verifier.fromInstalled(keptBytes, 0, time);
        if (kept.keyringVersion > verifier.keyringVersion) [verifier, trusted] = [kept, keptBytes];
      } catch (error) {
        this.#logger.warn('the kept keyring is damaged; going on from the installed one', { message: String(error) });
      }
    }
    writeDurablySync(this.#layout.keyringNumbered(verifier.keyringVersion), trusted);
    return verifier;
  }

  /** Moves along the chain of keyrings as far as the source has it. What does not verify is not kept. */
  async advance(source: Source, signal: AbortSignal): Promise<void> {
    const verifier = await this.#verifier();
    for (let step = 0; step < MAX_STEPS; step++) {
      const bytes = await source.readDocument(`keyring/${verifier.keyringVersion + 1}.pgp`, MAX_KEYRING_BYTES, signal);
      if (!bytes) return;
      const next = await verifier.advance(bytes);
      // Numbered as well, for neighbours that are further back in the chain.
      writeDurablySync(this.#layout.keyringNumbered(verifier.keyringVersion), bytes);
      writeDurablySync(this.#layout.keyring, bytes);
      this.#memory.update({ trustedTimeSeconds: next.trustedTimeSeconds });
      if (next.rolesChanged.includes('latest')) this.#memory.forgetLatestEpoch();
      if (next.rolesChanged.includes('order')) this.#memory.forgetOrderEpoch();
      this.#logger.info('the keyring moved on', { version: verifier.keyringVersion });
      for (const listener of this.#listeners) listener();
    }
  }

  /** Called after the keyring moved on: what was judged by the one before may be wrong now. */
  onKeyring(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Judges an order for `image` with a number not below the highest seen. Nothing is kept by this: `order-keeper.ts` does.
   * @throws RippleError `SignatureInvalid`, `InvalidArgument`
   */
  async order(bytes: Uint8Array, image: string): Promise<Verified<Order>> {
    return (await this.#verifier()).order(bytes, { image, highestEpochSeen: this.#memory.state.orderEpoch });
  }

  /** The newest statement a source has; `undefined` when it has none. Kept when it is newer than the one kept. */
  async latest(source: Source, image: string, signal: AbortSignal): Promise<Latest | undefined> {
    const bytes = await source.readDocument(`images/${image}/latest.pgp`, MAX_DOCUMENT_BYTES, signal);
    if (!bytes) return undefined;
    const seen = this.#memory.state.latestEpoch;
    let verified: Verified<Latest>;
    try {
      verified = await (await this.#verifier()).latest(bytes, { image, highestEpochSeen: seen });
    } catch (error) {
      // Check 4 holds, but a neighbour that was away for a week is no forger: what it says is only not used.
      if (error instanceof SignatureError && error.reason === 'stale-epoch') return undefined;
      throw error;
    }
    if (verified.document.epoch > seen) {
      writeDurablySync(this.#layout.latest(image), bytes);
      this.#memory.update({
        latestEpoch: verified.document.epoch,
        trustedTimeSeconds: verified.trustedTimeSeconds,
        bootsSinceNews: 0,
      });
    }
    return verified.document;
  }

  /** The release of `version` as a source has it; kept once verified. */
  async release(
    source: Source,
    image: string,
    version: number,
    above: number,
    signal: AbortSignal,
  ): Promise<Release | undefined> {
    const bytes = await source.readDocument(`images/${image}/${version}.pgp`, MAX_DOCUMENT_BYTES, signal);
    if (!bytes) return undefined;
    const release = await this.#keepRelease(bytes, image, above, version);
    for (const listener of this.#releaseListeners) listener(bytes, release);
    return release;
  }

  /**
   * A release that came by itself, of whichever version above `above`; kept once verified.
   * @throws RippleError `SignatureInvalid`, `InvalidArgument`, `Downgrade`
   */
  heardRelease(bytes: Uint8Array, image: string, above: number): Promise<Release> {
    return this.#keepRelease(bytes, image, above);
  }

  /** Called with every release that a source gave and that verified, also one that was known. */
  onRelease(listener: (bytes: Uint8Array, release: Release) => void): void {
    this.#releaseListeners.push(listener);
  }

  async #keepRelease(bytes: Uint8Array, image: string, above: number, asked?: number): Promise<Release> {
    const expected = { image, minVersionExclusive: above, ...(asked === undefined ? {} : { version: asked }) };
    const { document, trustedTimeSeconds } = await (await this.#verifier()).release(bytes, expected);
    writeDurablySync(this.#layout.release({ image, version: document.version }), bytes);
    this.#memory.update({ trustedTimeSeconds });
    return document;
  }

  /** The kept release of a version, verified again (the keyring may have moved on); `undefined` when there is none. */
  async keptRelease(image: string, version: number): Promise<Release | undefined> {
    const file = this.#layout.release({ image, version });
    if (!existsSync(file)) return undefined;
    return (await (await this.#verifier()).release(readFileSync(file), { image, version })).document;
  }

  /**
   * What a deployment's release says, without judging it again: it verified when it was kept, in a folder only the daemon
   * writes, and a key that expired since must not make a laptop's own system nameless.
   */
  deployedRelease(image: string, version: number): Release | undefined {
    const file = this.#layout.release({ image, version });
    if (!existsSync(file)) return undefined;
    return parseRelease(readSignedMessage(readFileSync(file), MAX_DOCUMENT_BYTES).payload);
  }

  /** There is a release of it that somebody signed. A system that was adopted has a record of its own, signed by nobody. */
  isSigned(image: string, version: number): boolean {
    const file = this.#layout.release({ image, version });
    return existsSync(file) && readSignedMessage(readFileSync(file), MAX_DOCUMENT_BYTES).signatures.length > 0;
  }
}
