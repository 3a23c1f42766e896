/** The library that keys and signatures stand on, and what of it is accepted. The only file that imports openpgp. */
import type { Config, Key, PrivateKey, SignaturePacket } from 'openpgp';
import { RippleError } from '../api/errors.ts';
import { frameSignature } from './packets.ts';

export type { Key, PrivateKey, SignaturePacket };

type Library = typeof import('openpgp');

interface Rules {
  readonly config: Config;
  /** SHA-256, SHA-384 and SHA-512 are accepted, in documents and inside keys. */
  readonly hashes: ReadonlySet<number>;
}

let loading: Promise<Library & Rules> | undefined;

/** Loaded with the first key or signature: of a daemon that only gives it would be a sixth of its memory. */
export function library(): Promise<Library & Rules> {
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

/** `undefined`: of a kind that is not accepted. */
export async function parseSignature(body: Uint8Array): Promise<SignaturePacket | undefined> {
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

/**
 * Public or private ones, armored or binary; `what` names them in errors.
 * @throws RippleError('InvalidArgument')
 */
export async function readAnyKeys(what: string, bytes: string | Uint8Array): Promise<Key[]> {
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

/** Since 1970. */
export function seconds(time: Date | number): number {
  return time instanceof Date ? Math.floor(time.getTime() / 1000) : time;
}

/** What is wrong with the key, or what it was asked for. */
export function bad(what: string, problem: string, cause?: unknown): RippleError {
  return new RippleError('InvalidArgument', `${what}: ${problem}`, { cause });
}
