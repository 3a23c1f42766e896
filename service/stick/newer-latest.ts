/** The statement of the newest version never goes back, on a stick and in a repository alike. */
import { RippleError } from '../api/errors.ts';
import type { Source } from '../core/ports.ts';
import { MAX_DOCUMENT_BYTES } from '../image/documents.ts';
import type { Verifier } from '../sign/verifier.ts';
import type { Contents } from './contents.ts';

/** Whether `target` has none, none that verifies, or one of a lower epoch. */
export async function isNewerLatest(
  latest: NonNullable<Contents['latest']>,
  target: Source,
  verifier: Verifier,
): Promise<boolean> {
  const held = await target.readDocument(latest.path, MAX_DOCUMENT_BYTES);
  const image = /^images\/([^/]+)\//.exec(latest.path)?.[1] ?? '';
  if (!held) return true;
  try {
    return (await verifier.latest(held, { image, highestEpochSeen: 0 })).document.epoch < latest.epoch;
  } catch (error) {
    if (error instanceof RippleError) return true;
    throw error;
  }
}
