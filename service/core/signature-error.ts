import { asRippleError, RippleError } from '../api/errors.ts';

/** Why a document was not believed; programs decide on this word, people read the message. */
export type SignatureReason =
  | 'malformed'
  | 'unknown-key'
  | 'wrong-role'
  | 'tampered'
  | 'weak'
  | 'revoked'
  | 'expired'
  | 'threshold'
  | 'wrong-image'
  | 'wrong-version'
  | 'stale-epoch'
  | 'keyring-chain';

export class SignatureError extends RippleError {
  readonly reason: SignatureReason;
  constructor(reason: SignatureReason, message: string, options?: ErrorOptions) {
    super('SignatureInvalid', message, options);
    this.reason = reason;
  }
}

/** What no honest laptop hands on. The other reasons also befall one that was away while keys were changed. */
const FORGED: readonly SignatureReason[] = [
  'malformed',
  'unknown-key',
  'wrong-role',
  'tampered',
  'wrong-image',
  'wrong-version',
];

export function isForgery(error: unknown): boolean {
  return error instanceof SignatureError && FORGED.includes(error.reason);
}

/** The same trouble with the name of the file it was found in, for whoever has to put a good one there. */
export function inFile(file: string, thrown: unknown): RippleError {
  const error = asRippleError(thrown);
  const message = `${file} cannot be used: ${error.message}`;
  return error instanceof SignatureError
    ? new SignatureError(error.reason, message, { cause: error })
    : new RippleError(error.code, message, { cause: error });
}
