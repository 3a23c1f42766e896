/** Whether what was read is still what was there: by what the kernel changes whenever anybody changes a file. */
import type { BigIntStats } from 'node:fs';
import { RippleError } from '../api/errors.ts';
import type { ByteString } from '../core/entry.ts';
import { displayPath } from './entries.ts';

export interface Identity {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  /** Set by the kernel at every change of content, mode, owner, attributes or number of names; nobody can set it back. */
  readonly ctimeNs: bigint;
}

export function identityOf(stat: BigIntStats): Identity {
  return { ino: stat.ino, size: stat.size, mtimeNs: stat.mtimeNs, ctimeNs: stat.ctimeNs };
}

/** @throws RippleError `IoError` naming the file when the two differ */
export function requireUnchanged(path: ByteString, before: Identity, now: Identity | undefined): void {
  const same =
    now !== undefined &&
    now.ino === before.ino &&
    now.size === before.size &&
    now.mtimeNs === before.mtimeNs &&
    now.ctimeNs === before.ctimeNs;
  if (!same) throw changed(path);
}

export function changed(path: ByteString): RippleError {
  return new RippleError(
    'IoError',
    `${displayPath(path)} changed while it was read; stop what writes to the tree and try again`,
  );
}

/** What went wrong at a path, as one line. */
export function readError(path: ByteString, error: unknown): RippleError {
  if (error instanceof RippleError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  const advice = code === 'EACCES' || code === 'EPERM' ? '; run this as a user who may, such as root' : '';
  return new RippleError('IoError', `cannot read ${displayPath(path)}: ${code}${advice}`, { cause: error });
}
