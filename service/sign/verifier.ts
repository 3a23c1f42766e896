import { RippleError } from '../api/errors.ts';
import { SignatureError } from '../core/signature-error.ts';
import {
  type Judgement,
  type KeyRole,
  requireFreshEpoch,
  requireImage,
  requireMove,
  requireNextKeyring,
  requireThreshold,
  requireVersion,
} from '../core/trust.ts';
import {
  type Keyring,
  type Latest,
  MAX_DOCUMENT_BYTES,
  MAX_KEYRING_BYTES,
  type Order,
  parseLatest,
  parseOrder,
  parseRelease,
  type Release,
} from '../image/documents.ts';
import { type OpenedDocument, openDocument } from './document.ts';
import { readSignedMessage } from './packets.ts';
import { TrustedKeyring } from './trusted-keyring.ts';

/** A document that passed every check. Only these may be used, kept on disk or handed on (check 5). */
export interface Verified<D> {
  readonly document: D;
  /** As it came: what is to be kept and handed on. */
  readonly bytes: Uint8Array;
  /** Primary fingerprints of the keys that counted, lower-case hex, sorted. */
  readonly signers: readonly string[];
  /** Trusted time after this document: kept by the caller and given to `fromInstalled` at the next start. */
  readonly trustedTimeSeconds: number;
}

export interface VerifiedKeyring extends Verified<Keyring> {
  /**
   * Roles whose keys changed. For `latest` and `order` the caller forgets the highest epoch seen: else a thief of the
   * old key could have silenced the role for good with an enormous epoch (TUF specification, section 5.3.11).
   */
  readonly rolesChanged: readonly KeyRole[];
}

/**
 * Judges documents by a keyring, and moves along the chain of keyrings. Never reads a clock or a disk. All methods throw
 * `SignatureError` with a `reason`, or `RippleError('InvalidArgument')` when a key holder signed nonsense.
 */
export class Verifier {
  #keyring: TrustedKeyring;
  /** From keyrings and the installed image only: no lesser key can push it ahead and so expire the root keys. */
  #rootSeconds: number;
  /** From every verified document. */
  #seconds: number;

  private constructor(keyring: TrustedKeyring, rootSeconds: number, seconds: number) {
    this.#keyring = keyring;
    this.#rootSeconds = rootSeconds;
    this.#seconds = seconds;
  }

  /**
   * Starts from a keyring that is trusted because of where it lies: installed with the image, or kept after an earlier
   * `advance`. Its own root threshold must have signed it, so that a damaged file is noticed.
   * @param imageDateSeconds date of the installed image, seconds since 1970
   * @param keptSeconds the trusted time of earlier runs, 0: none
   */
  static async fromInstalled(bytes: Uint8Array, imageDateSeconds: number, keptSeconds = 0): Promise<Verifier> {
    const { payload } = readSignedMessage(bytes, MAX_KEYRING_BYTES);
    const keyring = await TrustedKeyring.read(payload);
    const { signatures } = await openDocument(bytes, keyring.keys, MAX_KEYRING_BYTES);
    // 1. Judged as of its signing: root keys that expired since must not keep a laptop from starting and saying so.
    const atSigning = Number.NEGATIVE_INFINITY;
    const what = `installed keyring ${keyring.version}`;
    const { signedSeconds } = requireThreshold(what, signatures, 'root', keyring.rule('root'), atSigning);
    const rootSeconds = Math.max(imageDateSeconds, signedSeconds);
    return new Verifier(keyring, rootSeconds, Math.max(rootSeconds, keptSeconds));
  }

  get keyringVersion(): number {
    return this.#keyring.version;
  }

  /** Roles, thresholds and armored keys, as the keyring lists them. */
  get keyring(): Keyring {
    return this.#keyring.document;
  }

  get trustedTimeSeconds(): number {
    return this.#seconds;
  }

  /** Moves to the next keyring. Nothing changes when it throws. */
  async advance(bytes: Uint8Array): Promise<VerifiedKeyring> {
    const current = this.#keyring;
    // 1. The old root threshold first: before it holds, nothing inside is looked at.
    const byOld = await openDocument(bytes, current.keys, MAX_KEYRING_BYTES);
    const old = this.#requireRoot(`keyring after ${current.version}`, byOld, current);
    const next = await TrustedKeyring.read(byOld.payload);
    requireNextKeyring(current.version, next.version);
    // 1. And the new root threshold: the new keys exist and work, so the chain cannot end in keys nobody holds.
    const byNew = await openDocument(bytes, next.keys, MAX_KEYRING_BYTES);
    this.#requireRoot(`keyring ${next.version} by its own keys`, byNew, next);
    if (this.#keyring !== current) throw new RippleError('Busy', 'the keyring moved on meanwhile; try again');

    const rolesChanged = current.rolesThatDiffer(next);
    this.#keyring = next;
    this.#rootSeconds = Math.max(this.#rootSeconds, old.signedSeconds);
    // New keys for a role also take back what its old keys, if stolen, may have done to time.
    this.#seconds = rolesChanged.length > 0 ? this.#rootSeconds : Math.max(this.#seconds, this.#rootSeconds);
    const { document } = next;
    return { document, bytes, signers: old.signers, trustedTimeSeconds: this.#seconds, rolesChanged };
  }

  /**
   * @param expected `image` followed; `version` asked for; `minVersionExclusive` the booted version, where a neighbour
   *   or a server offers the release
   */
  async release(
    bytes: Uint8Array,
    expected: { readonly image: string; readonly version?: number; readonly minVersionExclusive?: number },
  ): Promise<Verified<Release>> {
    const { opened, judgement } = await this.#open('release', bytes, 'release');
    const document = parseRelease(opened.payload);
    const what = `release ${document.image}.${document.version}`;
    requireImage(what, document.image, expected.image);
    if (expected.version !== undefined) requireVersion(what, document.version, expected.version);
    if (expected.minVersionExclusive !== undefined)
      requireMove(what, document.version, expected.minVersionExclusive, 'announced');
    return this.#accept(document, bytes, judgement);
  }

  /** @param expected `highestEpochSeen` as kept by the caller, 0: none */
  async latest(
    bytes: Uint8Array,
    expected: { readonly image: string; readonly highestEpochSeen: number },
  ): Promise<Verified<Latest>> {
    const { opened, judgement } = await this.#open('latest', bytes, 'latest');
    const document = parseLatest(opened.payload);
    const what = `latest of ${document.image}`;
    requireImage(what, document.image, expected.image);
    requireFreshEpoch(what, document.epoch, expected.highestEpochSeen);
    return this.#accept(document, bytes, judgement);
  }

  /** @param expected `highestEpochSeen` as kept by the caller, 0: none */
  async order(
    bytes: Uint8Array,
    expected: { readonly image: string; readonly highestEpochSeen: number },
  ): Promise<Verified<Order>> {
    const { opened, judgement } = await this.#open('order', bytes, 'order');
    const document = parseOrder(opened.payload);
    const what = `order ${document.epoch} for ${document.image}`;
    requireImage(what, document.image, expected.image);
    requireFreshEpoch(what, document.epoch, expected.highestEpochSeen);
    return this.#accept(document, bytes, judgement);
  }

  /** Check 5: the payload leaves here only after the role's threshold held. */
  async #open(
    what: string,
    bytes: Uint8Array,
    role: KeyRole,
  ): Promise<{ readonly opened: OpenedDocument; readonly judgement: Judgement }> {
    const keyring = this.#keyring;
    const opened = await openDocument(bytes, keyring.keys, MAX_DOCUMENT_BYTES);
    const judgement = requireThreshold(what, opened.signatures, role, keyring.rule(role), this.#seconds);
    if (this.#keyring !== keyring) throw new RippleError('Busy', 'the keyring moved on meanwhile; try again');
    return { opened, judgement };
  }

  #accept<D>(document: D, bytes: Uint8Array, { signers, signedSeconds }: Judgement): Verified<D> {
    this.#seconds = Math.max(this.#seconds, signedSeconds);
    return { document, bytes, signers, trustedTimeSeconds: this.#seconds };
  }

  #requireRoot(what: string, opened: OpenedDocument, keyring: TrustedKeyring): Judgement {
    try {
      return requireThreshold(what, opened.signatures, 'root', keyring.rule('root'), this.#rootSeconds);
    } catch (error) {
      const missing: readonly string[] = ['unknown-key', 'wrong-role', 'threshold'];
      if (error instanceof SignatureError && missing.includes(error.reason))
        throw new SignatureError('keyring-chain', error.message, { cause: error });
      throw error;
    }
  }
}
