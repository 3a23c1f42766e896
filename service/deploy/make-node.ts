/** Making what is neither a file nor a folder: symbolic links, fifos, device nodes. */
import { constants, symlinkSync } from 'node:fs';
import { asRippleError, RippleError } from '../api/errors.ts';
import type { DeviceEntry, DirectoryEntry, Entry, FileEntry } from '../core/entry.ts';
import { mkfifo, mknod } from '../sys/libc.ts';
import { asBuffer, type DiskPath, printable } from './disk-path.ts';

/** `path` must be free. Metadata is the caller's. Fails with `IoError` when an ordinary user asks for a device node. */
export function makeNode(entry: Exclude<Entry, FileEntry | DirectoryEntry>, path: DiskPath): void {
  if (entry.type === 'link') symlinkSync(Buffer.from(entry.target, 'latin1'), path);
  else if (entry.type === 'fifo') mkfifo(asBuffer(path), 0o600);
  else makeDevice(entry, path);
}

function makeDevice({ type, device, path: name }: DeviceEntry, path: DiskPath): void {
  try {
    mknod(asBuffer(path), (type === 'char' ? constants.S_IFCHR : constants.S_IFBLK) | 0o600, device);
  } catch (error) {
    const { message } = asRippleError(error);
    const why = `${printable(name)}: cannot make a device node (${message}); run as root`;
    throw new RippleError('IoError', why, { cause: error });
  }
}
