/** Public keys, and what can be said of a signature by them. */
import type { SignatureFacts } from '../core/trust.ts';
import { bad, type Key, library, parseSignature, readAnyKeys, type SignaturePacket, seconds } from './openpgp.ts';
import type { FramedSignature } from './packets.ts';

/** The last second OpenPGP can write: where the library would else read this machine's clock. */
const END_OF_TIME = new Date(0xffff_ffff * 1000);

/** A public key as a keyring lists it. */
export class TrustedKey {
  /** Of the primary key, lower-case hex. */
  readonly fingerprint: string;
  readonly armored: string;
  readonly name: string;
  /** Seconds since 1970; Infinity: never. */
  readonly expiresSeconds: number;
  /** A revocation of whichever kind is in it. */
  readonly revoked: boolean;
  readonly #key: Key;

  private constructor(key: Key, expiresSeconds: number) {
    this.#key = key;
    this.fingerprint = key.getFingerprint();
    this.armored = key.armor();
    this.name = key.getUserIDs()[0] ?? '';
    this.expiresSeconds = expiresSeconds;
    // Present is enough: whoever signed the keyring put it there, and a doubt about it must not revive the key.
    this.revoked = key.revocationSignatures.length > 0;
  }

  /**
   * Reads one public key, armored or binary; `what` names it in errors. The key is what its newest self-signature
   * says, so that an extended or a reformatted key still vouches for what it signed before.
   * @throws RippleError('InvalidArgument')
   */
  static async read(what: string, bytes: string | Uint8Array): Promise<TrustedKey> {
    const { config } = await library();
    const keys = await readAnyKeys(what, bytes);
    const [key] = keys;
    if (key === undefined || keys.length > 1) throw bad(what, `holds ${keys.length} keys, exactly one is needed`);
    if (key.isPrivate()) throw bad(what, 'is a private key where the public one belongs (FILE.pub, or gpg --export)');
    const expires = await key.getExpirationTime(undefined, config);
    if (expires === null) throw bad(what, 'has no valid self-signature with SHA-256 or better');
    const trusted = new TrustedKey(key, seconds(expires));
    if (!trusted.revoked) {
      try {
        await key.getSigningKey(undefined, null, undefined, config);
      } catch (cause) {
        throw bad(what, 'cannot sign: Ed25519, or RSA of 2048 bits or more, marked for signing is needed', cause);
      }
    }
    return trusted;
  }

  /** As `read`, but takes the public half of a private key, locked or not: to list a key from whichever file there is. */
  static async readEither(what: string, bytes: string | Uint8Array): Promise<TrustedKey> {
    const [key] = await readAnyKeys(what, bytes);
    return TrustedKey.read(what, key?.isPrivate() ? key.toPublic().armor() : bytes);
  }

  /** Whether the primary key or a subkey has this ID (lower-case hex). */
  owns(keyId: string): boolean {
    return this.#key.getKeyIDs().some((id) => id.toHex() === keyId);
  }

  /** Checks one signature that names this key. Reads no clock: times are reported, `core/trust.ts` judges them. */
  async check(signature: SignaturePacket, payload: Uint8Array): Promise<SignatureFacts> {
    const { createMessage, enums, hashes, config } = await library();
    const { fingerprint } = this;
    const weak = (problem: string): SignatureFacts => ({ state: 'weak', fingerprint, problem });
    const { created, hashAlgorithm, issuerKeyID } = signature;
    const signer = this.#key.getKeys().find((key) => key.getKeyID().toHex() === issuerKeyID.toHex());
    if (signer === undefined || created === null) return { state: 'bad', fingerprint };
    if (hashAlgorithm === null || !hashes.has(hashAlgorithm)) return weak('it signed with a weak hash');
    const message = await createMessage({ binary: payload, date: END_OF_TIME });
    const [literal] = message.packets;
    try {
      if (literal === undefined) return { state: 'bad', fingerprint };
      // At its own creation time: "is it in the future" is no question to ask without a clock.
      await signature.verify(signer.keyPacket, enums.signature.binary, literal, created, false, config);
    } catch {
      return { state: 'bad', fingerprint };
    }
    const expires = [this.expiresSeconds, seconds(signature.getExpirationTime())];
    let revoked = this.revoked;
    if ('mainKey' in signer) {
      expires.push(seconds((await signer.getExpirationTime(END_OF_TIME, config)) ?? new Date(0)));
      revoked ||= signer.revocationSignatures.length > 0;
    }
    if (!revoked) {
      try {
        await this.#key.getSigningKey(issuerKeyID, null, undefined, config);
      } catch {
        return weak('it is not valid, not strong enough or not meant for signing');
      }
    }
    return {
      state: 'fits',
      fingerprint,
      createdSeconds: seconds(created),
      expiresSeconds: Math.min(...expires),
      revoked,
    };
  }
}

/** What can be said of each signature, with respect to these keys. */
export async function checkSignatures(
  payload: Uint8Array,
  signatures: readonly FramedSignature[],
  keys: readonly TrustedKey[],
): Promise<readonly SignatureFacts[]> {
  const facts: SignatureFacts[] = [];
  for (const framed of signatures) facts.push(await checkSignature(payload, framed, keys));
  return facts;
}

async function checkSignature(
  payload: Uint8Array,
  framed: FramedSignature,
  keys: readonly TrustedKey[],
): Promise<SignatureFacts> {
  const unknown = (keyId: string): SignatureFacts => ({ state: 'unknown-key', keyId });
  const signature = await parseSignature(framed.body);
  if (signature === undefined) return unknown('of an unknown kind');
  const keyId = signature.issuerKeyID.toHex();
  // A program that goes by the one-pass packet (gpgv in the rescue) must find the same signer.
  if (framed.announcedKeyId !== undefined && framed.announcedKeyId !== keyId) return unknown(framed.announcedKeyId);
  let found: SignatureFacts = unknown(keyId);
  for (const key of keys) {
    if (!key.owns(keyId)) continue;
    found = await key.check(signature, payload);
    if (found.state !== 'bad') return found;
  }
  return found;
}

/** The ID in a signature, lower-case hex; `undefined` for one of an unknown kind. */
export async function signatureKeyId(signature: FramedSignature): Promise<string | undefined> {
  return (await parseSignature(signature.body))?.issuerKeyID.toHex();
}
