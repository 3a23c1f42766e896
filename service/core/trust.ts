/**
 * The rules of trust, numbered as in the design ("Trust"), each in this one place and pure: no clock, no crypto, no
 * disk. `sign/verifier.ts` gathers the facts and calls these.
 *
 *   1  roles and thresholds; the keyring moves by n → n+1, signed by the old and the new root threshold
 *   2  a release carries the release threshold, names the image followed, has a version in range
 *   3  neighbours only ever move a laptop forward
 *   4  `latest` carries an epoch that never falls; no decision hangs on wall time
 *
 * *Trusted time* stands in for a clock: the highest time, in seconds since 1970, that enough key holders have vouched for
 * by signing at it. This machine's clock has no part in it, so a dead one (1970, or years ahead) changes nothing.
 *
 * (5, used only after it verified, is the order of calls in the verifier; 6, bounded parsers, is `image/documents.ts`
 * and `sign/packets.ts`.)
 */
import { RippleError } from '../api/errors.ts';
import { SignatureError, type SignatureReason } from './signature-error.ts';

export const KEY_ROLES = ['root', 'release', 'latest', 'order'] as const;
export type KeyRole = (typeof KEY_ROLES)[number];

/** Whose signatures count for a role. A set: a key that is listed or signs twice counts once. */
export interface RoleRule {
  readonly threshold: number;
  /** Primary fingerprints, lower-case hex. */
  readonly fingerprints: ReadonlySet<string>;
}

/** What can be said of one signature without deciding whether it counts. Times in seconds since 1970. */
export type SignatureFacts =
  /** Made by no key of the keyring. */
  | { readonly state: 'unknown-key'; readonly keyId: string }
  /** Names a key of the keyring but does not fit the bytes. */
  | { readonly state: 'bad'; readonly fingerprint: string }
  /** Fits, but by an algorithm that is not accepted, or by a key that may not sign. */
  | { readonly state: 'weak'; readonly fingerprint: string; readonly problem: string }
  /** Fits. `expiresSeconds` is the earliest of primary key, subkey and signature; Infinity: never. */
  | {
      readonly state: 'fits';
      readonly fingerprint: string;
      readonly createdSeconds: number;
      readonly expiresSeconds: number;
      readonly revoked: boolean;
    };

export interface Judgement {
  /** Primary fingerprints of the keys that count, sorted. */
  readonly signers: readonly string[];
  /** The latest time at which `threshold` of them had signed: one key holder of several cannot push time alone. */
  readonly signedSeconds: number;
}

/**
 * Check 1 (roles and thresholds), with the time rule of check 4.
 * @throws SignatureError saying for each signature why it does not count
 */
export function requireThreshold(
  what: string,
  signatures: readonly SignatureFacts[],
  role: KeyRole,
  rule: RoleRule,
  trustedSeconds: number,
): Judgement {
  const signedAt = new Map<string, number>();
  const refusals: Refusal[] = [];
  for (const signature of signatures) {
    const refusal = refuse(signature, role, rule, trustedSeconds);
    if (refusal) refusals.push(refusal);
    else if (signature.state === 'fits')
      signedAt.set(
        signature.fingerprint,
        Math.max(signature.createdSeconds, signedAt.get(signature.fingerprint) ?? Number.NEGATIVE_INFINITY),
      );
  }
  // 1. Distinct keys of the role, at least as many as the threshold.
  const times = [...signedAt.values()].sort((a, b) => b - a);
  const signedSeconds = times[rule.threshold - 1];
  if (signedSeconds === undefined) throw thresholdError(what, role, rule, signedAt.size, refusals);
  return { signers: [...signedAt.keys()].sort(), signedSeconds };
}

interface Refusal {
  readonly reason: SignatureReason;
  readonly text: string;
}

function refuse(signature: SignatureFacts, role: KeyRole, rule: RoleRule, trustedSeconds: number): Refusal | undefined {
  if (signature.state === 'unknown-key')
    return { reason: 'unknown-key', text: `key ${signature.keyId} is not in the keyring` };
  const key = `key ${signature.fingerprint}`;
  // 1. The key must be listed for this very role.
  if (!rule.fingerprints.has(signature.fingerprint))
    return { reason: 'wrong-role', text: `${key} may not sign for the role ${role}` };
  if (signature.state === 'bad')
    return { reason: 'tampered', text: `the signature of ${key} does not fit the content` };
  if (signature.state === 'weak') return { reason: 'weak', text: `${key}: ${signature.problem}` };
  // 1. A revocation counts whenever and for whatever reason it was made: a thief can back-date signatures.
  if (signature.revoked) return { reason: 'revoked', text: `${key} is revoked` };
  // 4. Expiry is judged at the time of signing …
  if (signature.createdSeconds >= signature.expiresSeconds)
    return { reason: 'expired', text: `${key} had expired on ${day(signature.expiresSeconds)} when it signed` };
  // 4. … and against the time others vouched for since, for an old key's thief could back-date. Never against a clock.
  if (trustedSeconds >= signature.expiresSeconds)
    return {
      reason: 'expired',
      text: `${key} expired on ${day(signature.expiresSeconds)}, newer documents are from ${day(trustedSeconds)}`,
    };
  return undefined;
}

/** The most alarming first: what is told when not one signature counts. */
const GRAVITY: readonly SignatureReason[] = ['tampered', 'revoked', 'expired', 'weak', 'wrong-role', 'unknown-key'];

function thresholdError(
  what: string,
  role: KeyRole,
  rule: RoleRule,
  count: number,
  refusals: readonly Refusal[],
): SignatureError {
  const worst = GRAVITY.find((reason) => refusals.some((refusal) => refusal.reason === reason));
  const reason = count === 0 && worst ? worst : 'threshold';
  const need = `${count} of ${rule.threshold} needed signatures of the role ${role}`;
  const texts = [...new Set(refusals.map((refusal) => refusal.text))].slice(0, 4);
  return new SignatureError(reason, [`${what}: ${need}`, ...texts].join('; '));
}

/** Check 1 (chain): keyrings follow one another without a gap. */
export function requireNextKeyring(current: number, next: number): void {
  // 1. n → n+1 only: a skipped keyring may have revoked the very keys that signed this one.
  if (next !== current + 1)
    throw new SignatureError(
      'keyring-chain',
      `keyring ${next}: does not follow keyring ${current}; get keyring ${current + 1} first`,
    );
}

/** Check 2: the release (or latest, or order) is about the image this laptop follows. */
export function requireImage(what: string, image: string, followed: string): void {
  if (image !== followed)
    throw new SignatureError('wrong-image', `${what}: is for the image "${image}", this laptop follows "${followed}"`);
}

/** Check 2: the document is about the version it was asked for. Its range is checked by the parser. */
export function requireVersion(what: string, version: number, asked: number): void {
  if (version !== asked)
    throw new SignatureError('wrong-version', `${what}: is about version ${version}, asked was for ${asked}`);
}

/** Check 4: the epoch never falls. `highestSeen` is kept on disk by the caller; 0: none seen. */
export function requireFreshEpoch(what: string, epoch: number, highestSeen: number): void {
  if (epoch < highestSeen)
    throw new SignatureError(
      'stale-epoch',
      `${what}: epoch ${epoch} is older than ${highestSeen}, which was seen before`,
    );
}

/** Who wants a move: a neighbour's or server's announcement, an order with or without leave to go back, the person here. */
export type MoveReason = 'announced' | 'order' | 'order-allowing-downgrade' | 'local';

/** Check 3: only a local choice, or an order that says so, takes a laptop to a version not above the booted one. */
export function mayMoveTo(version: number, booted: number, reason: MoveReason): boolean {
  switch (reason) {
    case 'announced':
    case 'order':
      return version > booted;
    case 'order-allowing-downgrade':
    case 'local':
      return true;
  }
}

/** @throws RippleError('Downgrade') where `mayMoveTo` says no */
export function requireMove(what: string, version: number, booted: number, reason: MoveReason): void {
  if (!mayMoveTo(version, booted, reason))
    throw new RippleError('Downgrade', `${what}: version ${version} is not above ${booted}, which runs now`);
}

function day(seconds: number): string {
  const ms = seconds * 1000;
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString().slice(0, 10) : String(seconds);
}
