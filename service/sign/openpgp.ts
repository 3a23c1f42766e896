/** Keys and signatures. The only file that imports openpgp; none of its types leave it. */
import type { Config, Key, PrivateKey, SignaturePacket } from 'openpgp';
import { RippleError } from '../api/errors.ts';
import type { SignatureFacts } from '../core/trust.ts';
import { type FramedSignature, frameSignature, readSignaturePackets } from './packets.ts';

type Library = typeof import('openpgp');

interface Rules {
  readonly config: Config;
  /** SHA-256, SHA-384 and SHA-512 are accepted, in documents and inside keys. */
  readonly hashes: ReadonlySet<number>;
}

let loading: Promise<Library & Rules> | undefined;

/** Loaded with the first key or signature: of a daemon that only gives it would be a sixth of its memory. */
function library(): Promise<Library & Rules> {
  loading ??= import('openpgp').then((openpgp) => ({ ...openpgp, ...rulesOf(openpgp) }));
  return loading;
}

function rulesOf({ config, enums }: Library): Rules {
  const otherHashes = new Set([
    enums.hash.md5,
    enums.hash.sha1,
    enums.hash.ripemd,
    enums.hash.sha224,
    enums.hash.sha3_256,
    enums.hash.sha3_512,
  ]);
  return {
    hashes: new Set([enums.hash.sha256, enums.hash.sha384, enums.hash.sha512]),
    /** Ed25519 (both packet forms) and RSA of 2048 bits or more are accepted. */
    config: {
      ...config,
      minRSABits: 2048,
      rejectPublicKeyAlgorithms: new Set([
        enums.publicKey.elgamal,
        enums.publicKey.dsa,
        enums.publicKey.ecdsa,
        enums.publicKey.ed448,
      ]),
      rejectHashAlgorithms: otherHashes,
      rejectMessageHashAlgorithms: otherHashes,
      // The same content, key and time make the same document.
      nonDeterministicSignaturesViaNotation: false,
    },
  };
}

/** The last second OpenPGP can write: where the library would else read this machine's clock. */
const END_OF_TIME = new Date(0xffff_ffff * 1000);

export interface GeneratedKey {
  /** Armored. */
  readonly privateKey: string;
  readonly publicKey: string;
  /** Lower-case hex. */
  readonly fingerprint: string;
}

/** Makes an Ed25519 key in the version 4 form that every gpg since 2.1 reads. It signs itself: there is no subkey. */
export async function generateSigningKey(options: {
  readonly name: string;
  readonly passphrase?: string | undefined;
  readonly expiresInSeconds?: number | undefined;
  readonly date?: Date | undefined;
}): Promise<GeneratedKey> {
  const { name, passphrase, expiresInSeconds = 0, date = new Date() } = options;
  const { generateKey, config } = await library();
  const common = { userIDs: { name }, subkeys: [], keyExpirationTime: expiresInSeconds, date, config };
  const { privateKey, publicKey } = await generateKey({
    ...common,
    type: 'ecc',
    curve: 'ed25519Legacy',
    format: 'object',
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  return { privateKey: privateKey.armor(), publicKey: publicKey.armor(), fingerprint: publicKey.getFingerprint() };
}

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

async function parseSignature(body: Uint8Array): Promise<SignaturePacket | undefined> {
  const { readSignature, enums, config } = await library();
  try {
    const { packets } = await readSignature({ binarySignature: frameSignature(body), config });
    const [packet] = packets;
    // Version 4 over binary data: what gpg and this project make. No other form is worth its risk.
    if (packets.length !== 1 || packet?.version !== 4 || packet.signatureType !== enums.signature.binary)
      return undefined;
    // One way to write a number: else a neighbour could hand on a document that a stricter program (gpgv) refuses.
    return Buffer.from(packet.write()).equals(body) ? packet : undefined;
  } catch {
    return undefined;
  }
}

/** A private key, ready to sign. */
export class Signer {
  readonly fingerprint: string;
  readonly #key: PrivateKey;

  private constructor(key: PrivateKey) {
    this.#key = key;
    this.fingerprint = key.getFingerprint();
  }

  /**
   * Reads one private key, armored or binary, our own or as `gpg --export-secret-keys` writes it.
   * @throws RippleError('InvalidArgument') not a key, a public key, passphrase missing or wrong
   */
  static async read(what: string, bytes: string | Uint8Array, passphrase?: string): Promise<Signer> {
    const { decryptKey, config } = await library();
    const keys = await readAnyKeys(what, bytes);
    const [first] = keys;
    if (first === undefined || keys.length > 1) throw bad(what, `holds ${keys.length} keys, exactly one is needed`);
    if (!first.isPrivate()) throw bad(what, 'is a public key where the private one is needed');
    let key: PrivateKey = first;
    if (!key.isDecrypted()) {
      if (passphrase === undefined) throw bad(what, 'is locked: give its passphrase (--passphrase-file)');
      try {
        key = await decryptKey({ privateKey: first, passphrase, config });
      } catch (cause) {
        throw bad(what, 'the passphrase is wrong', cause);
      }
    }
    return new Signer(key);
  }

  /** What a keyring would list for this key. */
  publicKey(): Promise<TrustedKey> {
    return TrustedKey.read(`key ${this.fingerprint}`, this.#key.toPublic().armor());
  }

  /** @throws RippleError('InvalidArgument') when the key had expired at `date`, is revoked or may not sign */
  async sign(payload: Uint8Array, date: Date): Promise<Required<FramedSignature>> {
    const { createMessage, sign, config } = await library();
    const message = await createMessage({ binary: payload, date });
    let detached: Uint8Array;
    try {
      const options = { message, signingKeys: this.#key, date, config, detached: true } as const;
      detached = await sign({ ...options, format: 'binary' });
    } catch (cause) {
      throw bad(
        `key ${this.fingerprint}`,
        `cannot sign at ${date.toISOString()}: expired, revoked or not for signing`,
        cause,
      );
    }
    const [body] = readSignaturePackets(detached);
    const parsed = body && (await parseSignature(body));
    if (!body || !parsed) throw new RippleError('Internal', `key ${this.fingerprint}: made no usable signature`);
    return { body, announcedKeyId: parsed.issuerKeyID.toHex() };
  }
}

/** Whether a key file holds a private key; false for anything else, also for what is no key. */
export async function isPrivateKey(bytes: Uint8Array): Promise<boolean> {
  try {
    return (await readAnyKeys('key', bytes)).some((key) => key.isPrivate());
  } catch {
    return false;
  }
}

/** The ID in a signature, lower-case hex; `undefined` for one of an unknown kind. */
export async function signatureKeyId(signature: FramedSignature): Promise<string | undefined> {
  return (await parseSignature(signature.body))?.issuerKeyID.toHex();
}

async function readAnyKeys(what: string, bytes: string | Uint8Array): Promise<Key[]> {
  const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
  if (text.length > 256 * 1024) throw bad(what, 'is too long for a key');
  // The library would read the first and say nothing of the others.
  if (text.split('-----BEGIN PGP ').length > 2) throw bad(what, 'holds several keys, exactly one is needed');
  const { readKeys, readPrivateKeys, config } = await library();
  try {
    if (!text.includes('-----BEGIN PGP ')) return await readKeys({ binaryKeys: Buffer.from(text, 'latin1'), config });
    return text.includes('-----BEGIN PGP PRIVATE KEY BLOCK')
      ? await readPrivateKeys({ armoredKeys: text, config })
      : await readKeys({ armoredKeys: text, config });
  } catch (cause) {
    throw bad(what, 'is not an OpenPGP key', cause);
  }
}

function seconds(time: Date | number): number {
  return time instanceof Date ? Math.floor(time.getTime() / 1000) : time;
}

function bad(what: string, problem: string, cause?: unknown): RippleError {
  return new RippleError('InvalidArgument', `${what}: ${problem}`, { cause });
}
