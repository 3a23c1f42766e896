/** Signed documents as bytes: making them, adding signatures, and taking them apart for judgement. */
import type { SignatureFacts } from '../core/trust.ts';
import { type FramedSignature, readSignedMessage, writeSignedMessage } from './packets.ts';
import type { Signer } from './signer.ts';
import { checkSignatures, signatureKeyId, type TrustedKey } from './trusted-key.ts';

export interface OpenedDocument {
  /** Not to be used before `signatures` were judged. */
  readonly payload: Uint8Array;
  readonly signatures: readonly SignatureFacts[];
}

/**
 * A binary OpenPGP message over `payload`, signed by each of `signers`. Under 1,200 bytes for a release with one
 * Ed25519 signature. `date` is the signing time, this machine's clock unless given.
 */
export async function signDocument(
  payload: Uint8Array,
  signers: readonly Signer[],
  date: Date = new Date(),
): Promise<Uint8Array> {
  return writeSignedMessage(payload, await signaturesOf(payload, signers, date));
}

/**
 * The same document with more signatures, so that several key holders can sign one after another. A key that signed
 * before signs anew in place of its old signature. Signatures of unknown kinds are left out.
 */
export async function addSignatures(
  document: Uint8Array,
  signers: readonly Signer[],
  maxBytes: number,
  date: Date = new Date(),
): Promise<Uint8Array> {
  const { payload, signatures } = readSignedMessage(document, maxBytes);
  const byKey = new Map<string, Required<FramedSignature>>();
  for (const signature of signatures) {
    const keyId = await signatureKeyId(signature);
    if (keyId !== undefined) byKey.set(keyId, { body: signature.body, announcedKeyId: keyId });
  }
  for (const signature of await signaturesOf(payload, signers, date)) byKey.set(signature.announcedKeyId, signature);
  return writeSignedMessage(payload, [...byKey.values()]);
}

/** @throws SignatureError('malformed') */
export async function openDocument(
  document: Uint8Array,
  keys: readonly TrustedKey[],
  maxBytes: number,
): Promise<OpenedDocument> {
  const { payload, signatures } = readSignedMessage(document, maxBytes);
  return { payload, signatures: await checkSignatures(payload, signatures, keys) };
}

async function signaturesOf(
  payload: Uint8Array,
  signers: readonly Signer[],
  date: Date,
): Promise<readonly Required<FramedSignature>[]> {
  const signatures: Required<FramedSignature>[] = [];
  for (const signer of signers) signatures.push(await signer.sign(payload, date));
  return signatures;
}
