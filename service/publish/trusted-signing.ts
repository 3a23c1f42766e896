/** Signing that lets out only what a laptop would accept: a version with a wrong signature could never be taken back. */
import { RippleError } from '../api/errors.ts';
import { SignatureError } from '../core/signature-error.ts';
import { formatLatest, formatRelease } from '../image/documents.ts';
import { signDocument } from '../sign/document.ts';
import type { Signer } from '../sign/signer.ts';
import type { Verifier } from '../sign/verifier.ts';
import type { SignPayload } from './publish.ts';

export interface TrustedSigning {
  readonly sign: SignPayload;
  readonly signLatest: SignPayload;
}

const NO_BLOB = { sha256: '0'.repeat(64), sizeBytes: 0 };

/**
 * Both functions reject with `SignatureInvalid` unless the keys suffice for the role by the repository's keyring. That is
 * found out at once, before a large tree is read.
 * @param verifier judges by the newest keyring of `repository`
 */
export async function trustedSigning(
  { repository, image, version }: { readonly repository: string; readonly image: string; readonly version: number },
  verifier: Verifier,
  releaseSigners: readonly Signer[],
  latestSigners: readonly Signer[],
): Promise<TrustedSigning> {
  const explained = async (judge: () => Promise<unknown>): Promise<void> => {
    try {
      await judge();
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error;
      throw new RippleError(
        'SignatureInvalid',
        `laptops would refuse it: ${error.message}; which keys they trust: ripple keyring show --repo ${repository}`,
        { cause: error },
      );
    }
  };
  const sign = async (payload: Uint8Array): Promise<Uint8Array> => {
    const bytes = await signDocument(payload, releaseSigners);
    await explained(() => verifier.release(bytes, { image, version }));
    return bytes;
  };
  const signLatest = async (payload: Uint8Array): Promise<Uint8Array> => {
    const bytes = await signDocument(payload, latestSigners);
    await explained(() => verifier.latest(bytes, { image, highestEpochSeen: 0 }));
    return bytes;
  };
  const released = new Date().toISOString();
  const probe = {
    image,
    version,
    manifest: NO_BLOB,
    sizeBytes: 0,
    severity: 'normal',
    released,
    notes: NO_BLOB,
  } as const;
  await sign(formatRelease(probe));
  await signLatest(formatLatest({ image, version, epoch: 1, issued: released }));
  return { sign, signLatest };
}
