/** Private keys: making one, reading one, signing. */
import { RippleError } from '../api/errors.ts';
import { bad, library, type PrivateKey, parseSignature, readAnyKeys } from './openpgp.ts';
import { type FramedSignature, readSignaturePackets } from './packets.ts';
import { TrustedKey } from './trusted-key.ts';

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
