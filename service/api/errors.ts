/** The codes of `org.laptop.Ripple1.Error.*`; the same words appear in `LastError.code` and in `UpdateFailed`. */
export const ERROR_CODES = [
  'NotAuthorized',
  'WrongState',
  'UnknownVersion',
  'NoSource',
  'NoSpace',
  'SignatureInvalid',
  'HashMismatch',
  'Downgrade',
  'Cancelled',
  'InvalidArgument',
  'OrderRefused',
  'Busy',
  'LowBattery',
  'IoError',
  'Internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * Everything that can go wrong in a way the caller should hear about. `message` is one line that names the thing, its
 * value and, where there is one, what to do. Subclasses carry data; the code is what crosses D-Bus.
 */
export class RippleError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = `${code}Error`;
    this.code = code;
  }
}

/** Too little room: both numbers are in bytes and the message says them. */
export class NoSpaceError extends RippleError {
  readonly neededBytes: number;
  readonly freeBytes: number;
  constructor(where: string, neededBytes: number, freeBytes: number) {
    super(
      'NoSpace',
      `not enough room on ${where}: ${neededBytes} bytes needed, ${freeBytes} free; make room and try again`,
    );
    this.neededBytes = neededBytes;
    this.freeBytes = freeBytes;
  }
}

/** Bytes did not have the SHA-256 they were asked for by. */
export class HashMismatchError extends RippleError {
  readonly expected: string;
  readonly actual: string;
  constructor(what: string, expected: string, actual: string) {
    super('HashMismatch', `${what}: expected sha256 ${expected}, got ${actual}`);
    this.expected = expected;
    this.actual = actual;
  }
}

/** The one place that turns an unknown thrown value into a `RippleError`; nothing of a stack survives. */
export function asRippleError(thrown: unknown): RippleError {
  if (thrown instanceof RippleError) return thrown;
  if (thrown instanceof Error) {
    const errno = (thrown as NodeJS.ErrnoException).code;
    if (errno === 'ENOSPC' || errno === 'EDQUOT')
      return new RippleError('NoSpace', `no room left: ${thrown.message}`, { cause: thrown });
    if (errno === 'ABORT_ERR') return new RippleError('Cancelled', 'stopped', { cause: thrown });
    if (typeof errno === 'string') return new RippleError('IoError', thrown.message, { cause: thrown });
    return new RippleError('Internal', 'internal error', { cause: thrown });
  }
  return new RippleError('Internal', 'internal error');
}
