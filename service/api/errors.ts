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

/** What errno(3) means to whoever sees it, and what to do where something can be done. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  EEXIST: 'it is there already',
  EACCES: 'this user may not; try it as root',
  EPERM: 'this user may not; try it as root',
  EROFS: 'the disk is read-only; mount it for writing',
  ENOSPC: 'the disk is full; make room',
  EDQUOT: 'the quota is used up; make room',
  EIO: 'the disk cannot read or write; it may be failing',
  ENXIO: 'the device went away',
  EMFILE: 'too many files are open',
  ELOOP: 'a symbolic link is in the way',
  ENAMETOOLONG: 'the name is too long',
  ECONNREFUSED: 'nobody listens there',
};

/** Why a system call failed, in words and without the path: for messages that name the thing themselves. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { code } = thrown as NodeJS.ErrnoException;
  return (code === undefined ? undefined : WORDS[code]) ?? thrown.message;
}

/** System calls as people say them; the others keep their name. */
const VERBS: Readonly<Record<string, string>> = {
  access: 'look at',
  lstat: 'look at',
  stat: 'look at',
  statfs: 'look at',
  mkdir: 'make',
  scandir: 'read',
  unlink: 'remove',
  rmdir: 'remove',
  fsync: 'write',
  ftruncate: 'write',
};

/** As `reasonOf`, with what was done to what: `cannot open /x: it is not there`. */
function sentenceOf(error: NodeJS.ErrnoException): string {
  const { code = '', syscall, path } = error;
  const words = WORDS[code];
  if (words === undefined || syscall === undefined) return error.message;
  return `cannot ${VERBS[syscall] ?? syscall}${path === undefined ? '' : ` ${path}`}: ${words}`;
}

/** The one place that turns an unknown thrown value into a `RippleError`; nothing of a stack survives. */
export function asRippleError(thrown: unknown): RippleError {
  if (thrown instanceof RippleError) return thrown;
  if (thrown instanceof Error) {
    const errno = (thrown as NodeJS.ErrnoException).code;
    if (errno === 'ENOSPC' || errno === 'EDQUOT')
      return new RippleError('NoSpace', sentenceOf(thrown), { cause: thrown });
    if (errno === 'ABORT_ERR') return new RippleError('Cancelled', 'stopped', { cause: thrown });
    if (typeof errno === 'string') return new RippleError('IoError', sentenceOf(thrown), { cause: thrown });
    return new RippleError('Internal', 'internal error', { cause: thrown });
  }
  return new RippleError('Internal', 'internal error');
}
