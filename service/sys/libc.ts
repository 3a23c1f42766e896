/**
 * Linux system calls that Node lacks, by way of libc. Thin and checked: paths are Buffers (names need not be UTF-8), the
 * last component is never followed when it is a symbolic link, and a failure is an `Error` with `code`, `errno`,
 * `syscall` and `path`, as Node's own are. See the section 2 manual page of each.
 */
import { closeSync, futimesSync, lutimesSync, openSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import koffi from 'koffi';

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;
const LOCK_EX_NB = 2 | 4;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const S_IFIFO = 0o010000;

const libc = koffi.load(null);
const { errno } = koffi.os;

// Every function below answers -1 and sets errno when it fails; values stay far below 2^53.
const c = {
  mknod: libc.func('int mknod(const void *path, uint32_t mode, uint64_t dev)'),
  llistxattr: libc.func('intptr_t llistxattr(const void *path, void *list, size_t size)'),
  lgetxattr: libc.func('intptr_t lgetxattr(const void *path, const void *name, void *value, size_t size)'),
  lsetxattr: libc.func('int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)'),
  lremovexattr: libc.func('int lremovexattr(const void *path, const void *name)'),
  utimensat: libc.func('int utimensat(int dirfd, const void *path, const void *times, int flags)'),
  futimens: libc.func('int futimens(int fd, const void *times)'),
  syncfs: libc.func('int syncfs(int fd)'),
  renameat2: libc.func('int renameat2(int olddir, const void *old, int newdir, const void *new, unsigned int flags)'),
  ioctl: libc.func('int ioctl(int fd, unsigned long request, void *argument)'),
  flock: libc.func('int flock(int fd, int operation)'),
  lseek: libc.func('int64_t lseek64(int fd, int64_t offset, int whence)'),
};

/** Only glibc has these; `undefined` elsewhere. */
const glibc = {
  mallopt: optional('int mallopt(int parameter, int value)'),
  mallocTrim: optional('int malloc_trim(size_t pad)'),
};
const M_MMAP_THRESHOLD = -3;

function optional(prototype: string): ReturnType<typeof libc.func> | undefined {
  try {
    return libc.func(prototype);
  } catch {
    return undefined;
  }
}

/** Bytes of a C `long`: the size of both members of `struct timespec`. */
const LONG_BYTES = koffi.sizeof('long');

function systemError(number: number, syscall: string, path?: string): NodeJS.ErrnoException {
  const [code, text] = getSystemErrorMap().get(-number) ?? [`errno ${number}`, 'system error'];
  const error: NodeJS.ErrnoException = new Error(
    `${code}: ${text}, ${syscall}${path === undefined ? '' : ` '${path}'`}`,
  );
  error.code = code;
  error.errno = -number;
  error.syscall = syscall;
  if (path !== undefined) error.path = path;
  return error;
}

/** Throws what errno says when `result` is -1, else answers it. Must be called right after the system call. */
function checked(result: unknown, syscall: string, path?: Buffer): number {
  const value = Number(result);
  if (value === -1) throw systemError(koffi.errno(), syscall, path?.toString());
  return value;
}

/** `bytes` as a C string. A NUL inside would silently name another file. */
function cString(bytes: Buffer): Buffer {
  if (bytes.includes(0)) throw systemError(errno.EINVAL ?? 22, 'open', bytes.toString());
  return Buffer.concat([bytes, Buffer.alloc(1)]);
}

/** `mode` holds the file type (`fs.constants.S_IFCHR` …) and the permission bits, of which the umask takes some away. */
export function mknod(path: Buffer, mode: number, dev: number): void {
  checked(c.mknod(cString(path), mode, dev), 'mknod', path);
}

export function mkfifo(path: Buffer, mode: number): void {
  checked(c.mknod(cString(path), S_IFIFO | mode, 0), 'mkfifo', path);
}

/** Asks for a value of unknown size: first with a buffer that nearly always fits, then with the size the kernel says. */
function readSized(read: (buffer: Buffer | null, size: number) => unknown, syscall: string, path: Buffer): Buffer {
  const buffer = Buffer.alloc(1024);
  let size = Number(read(buffer, buffer.length));
  // The value may grow between asking for its size and reading it, hence more than one try.
  for (let tries = 0; tries < 8; tries++) {
    if (size !== -1) return Buffer.from(buffer.subarray(0, size));
    if (koffi.errno() !== errno.ERANGE) break;
    const larger = Buffer.alloc(checked(read(null, 0), syscall, path));
    size = Number(read(larger, larger.length));
    if (size !== -1) return larger.subarray(0, size);
  }
  throw systemError(koffi.errno(), syscall, path.toString());
}

/** Names of the extended attributes (latin1), in no order; none where the file system has no such thing. */
export function listXattrs(path: Buffer): string[] {
  const file = cString(path);
  try {
    const names = readSized((buffer, size) => c.llistxattr(file, buffer, size), 'llistxattr', path);
    return names.toString('latin1').split('\0').slice(0, -1);
  } catch (error) {
    if (error instanceof Error && 'errno' in error && error.errno === -(errno.ENOTSUP ?? 95)) return [];
    throw error;
  }
}

/** Fails with `ENODATA` when there is no such attribute. */
export function getXattr(path: Buffer, name: string): Buffer {
  const file = cString(path);
  const attribute = cString(Buffer.from(name, 'latin1'));
  return readSized((buffer, size) => c.lgetxattr(file, attribute, buffer, size), 'lgetxattr', path);
}

export function setXattr(path: Buffer, name: string, value: Uint8Array): void {
  const attribute = cString(Buffer.from(name, 'latin1'));
  checked(c.lsetxattr(cString(path), attribute, Buffer.from(value), value.length, 0), 'lsetxattr', path);
}

export function removeXattr(path: Buffer, name: string): void {
  checked(c.lremovexattr(cString(path), cString(Buffer.from(name, 'latin1'))), 'lremovexattr', path);
}

/** Two `struct timespec`, used within one call. */
const times = Buffer.alloc(4 * LONG_BYTES);

function timesOf(timeNs: bigint): Buffer {
  const billion = 1_000_000_000n;
  const nanoseconds = ((timeNs % billion) + billion) % billion;
  const seconds = (timeNs - nanoseconds) / billion;
  for (const at of [0, 2 * LONG_BYTES]) {
    if (LONG_BYTES === 8) {
      times.writeBigInt64LE(seconds, at);
      times.writeBigInt64LE(nanoseconds, at + 8);
    } else {
      times.writeInt32LE(Number(seconds), at);
      times.writeInt32LE(Number(nanoseconds), at + 4);
    }
  }
  return times;
}

/** The time in seconds, where Node can say it: it reads seconds as floating-point numbers, and has no time before 1970. */
function wholeSeconds(timeNs: bigint): number | undefined {
  return timeNs >= 0n && timeNs % 1_000_000_000n === 0n ? Number(timeNs / 1_000_000_000n) : undefined;
}

/** Sets access and modification time, both to `timeNs` nanoseconds since 1970 (negative: before). */
export function setTimes(path: Buffer, timeNs: bigint): void {
  // The times of packaged files are whole seconds, and Node's own call is several times quicker.
  const seconds = wholeSeconds(timeNs);
  if (seconds !== undefined) lutimesSync(path, seconds, seconds);
  else checked(c.utimensat(AT_FDCWD, cString(path), timesOf(timeNs), AT_SYMLINK_NOFOLLOW), 'utimensat', path);
}

/** As `setTimes`, for an open file. */
export function setOpenTimes(fd: number, timeNs: bigint): void {
  const seconds = wholeSeconds(timeNs);
  if (seconds !== undefined) futimesSync(fd, seconds, seconds);
  else checked(c.futimens(fd, timesOf(timeNs)), 'futimens');
}

/** Memory of at least `bytes` is from now on the system's again as soon as it is freed. With glibc; see mallopt(3). */
export function limitHeapSpare(bytes: number): void {
  glibc.mallopt?.(M_MMAP_THRESHOLD, bytes);
}

/** Gives freed memory of the C library back to the system. With glibc; see malloc_trim(3). */
export function trimHeap(): void {
  glibc.mallocTrim?.(0);
}

/** Writes everything of the file system that holds `path` to its disk, on another thread; rejects when a write failed. */
export async function syncFileSystem(path: string): Promise<void> {
  const fd = openSync(path, 'r');
  try {
    await syncOpenFileSystem(fd, path);
  } finally {
    closeSync(fd);
  }
}

/** As `syncFileSystem`. What failed is told once to each open file: one that was opened earlier hears of earlier failures. */
export function syncOpenFileSystem(fd: number, path: string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    c.syncfs.async(fd, (error: unknown, result: unknown) => {
      if (error) reject(error);
      else if (Number(result) === -1) reject(systemError(koffi.errno(), 'syncfs', path));
      else resolve();
    });
  });
}

function rename(from: Buffer, to: Buffer, flags: number): void {
  checked(c.renameat2(AT_FDCWD, cString(from), AT_FDCWD, cString(to), flags), 'renameat2', from);
}

/** Swaps two names in one step. */
export function renameExchange(a: Buffer, b: Buffer): void {
  rename(a, b, RENAME_EXCHANGE);
}

/** Fails with `EEXIST` rather than replace `to`. */
export function renameNoReplace(from: Buffer, to: Buffer): void {
  rename(from, to, RENAME_NOREPLACE);
}

/** `argument` is the structure that `request` takes and fills; `path` is for the message. */
export function ioctl(fd: number, request: number, argument: Buffer, path: string): void {
  checked(c.ioctl(fd, request, argument), 'ioctl', Buffer.from(path));
}

/** Takes the exclusive `flock` of an open file; false when somebody else has it. It is freed when `fd` is closed. */
export function tryLock(fd: number): boolean {
  if (Number(c.flock(fd, LOCK_EX_NB)) === 0) return true;
  if (koffi.errno() === errno.EWOULDBLOCK) return false;
  throw systemError(koffi.errno(), 'flock');
}

function seek(fd: number, offset: number, whence: number): number | undefined {
  const result = Number(c.lseek(fd, offset, whence));
  if (result !== -1) return result;
  if (koffi.errno() === errno.ENXIO) return undefined;
  throw systemError(koffi.errno(), 'lseek');
}

/** Offset of the next data at or after `offset`; `undefined` when only a hole, or nothing, follows. Moves the file offset. */
export function seekData(fd: number, offset: number): number | undefined {
  return seek(fd, offset, SEEK_DATA);
}

/** Offset of the next hole at or after `offset` (the end counts as one); `undefined` past the end. Moves the file offset. */
export function seekHole(fd: number, offset: number): number | undefined {
  return seek(fd, offset, SEEK_HOLE);
}
