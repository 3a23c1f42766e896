import { RippleError } from '../api/errors.ts';

/**
 * A diff that no encoder makes, or that does not fit the old file. The code is that of wrong bytes, for that is what its
 * source gave.
 */
export class DamagedDiffError extends RippleError {
  constructor(why: string) {
    super('HashMismatch', `damaged diff: ${why}; fetch it again, or the whole file`);
  }
}
