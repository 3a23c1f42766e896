/**
 * Opens a regular file below a root, and nothing else: no symbolic link is followed at any step. Linux has openat2
 * with RESOLVE_NO_SYMLINKS for this, which Node cannot call; asking the kernel afterwards which file the descriptor is
 * (`/proc/self/fd`) and comparing the whole path says the same without a race, for the answer is about the open file.
 */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readlinkSync, realpathSync } from 'node:fs';
import { RippleError } from '../api/errors.ts';
import type { ByteString } from '../core/entry.ts';

/** O_NONBLOCK: opening a fifo that somebody put there must not hang. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

export interface OpenedFile {
  readonly fd: number;
  readonly stat: BigIntStats;
}

/** A root folder, resolved once. */
export class OpenRoot {
  /** Without trailing slash; '' for `/`. */
  readonly #real: ByteString;

  /** Throws `IoError` when there is no such folder, or no /proc to ask. */
  constructor(folder: string) {
    let real: ByteString;
    let fd: number;
    try {
      real = realpathSync(Buffer.from(folder), 'buffer').toString('latin1');
      fd = openSync(Buffer.from(real, 'latin1'), constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (error) {
      throw new RippleError('IoError', `cannot open the folder ${folder}: is it there and readable?`, { cause: error });
    }
    try {
      if (pathOf(fd) !== real) throw new Error('another path');
    } catch (error) {
      throw new RippleError('IoError', `cannot tell where ${folder} is: is /proc mounted?`, { cause: error });
    } finally {
      closeSync(fd);
    }
    this.#real = real === '/' ? '' : real;
  }

  /**
   * `relative` has no leading slash, no `.` and no `..`. `undefined`: not there, not a regular file, not readable, or
   * reached through a link. The caller closes `fd`.
   */
  open(relative: ByteString): OpenedFile | undefined {
    const wanted = `${this.#real}/${relative}`;
    let fd: number;
    try {
      fd = openSync(Buffer.from(wanted, 'latin1'), FLAGS);
    } catch {
      return undefined;
    }
    try {
      const stat = fstatSync(fd, { bigint: true });
      if (stat.isFile() && pathOf(fd) === wanted) return { fd, stat };
    } catch {
      // Falls through: what cannot be checked is not there.
    }
    closeSync(fd);
    return undefined;
  }
}

/** Where the kernel says that an open file is. */
function pathOf(fd: number): ByteString {
  return readlinkSync(`/proc/self/fd/${fd}`, 'latin1');
}
