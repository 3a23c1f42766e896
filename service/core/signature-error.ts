import { RippleError } from '../api/errors.ts';

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
