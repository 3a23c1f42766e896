/** Files that one thread opened and another reads. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { asRippleError, RippleError } from '../api/errors.ts';
import { type ByteSource, fileSource } from './byte-source.ts';

/** Where a file is: bytes, for names in a tree need not be text. */
export type DiskPath = string | Buffer;

/** An open descriptor, its file's size on opening, and its name for messages. */
export interface OpenFile {
  readonly fd: number;
  readonly sizeBytes: number;
  readonly name: string;
}

/** Opens a regular file, gives it to `use`, and closes it when that is done. */
export async function withFile<T>(path: DiskPath, use: (file: OpenFile) => Promise<T>): Promise<T> {
  const name = path.toString();
  // A pipe in its place would hang on opening.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error) => {
    throw cannot('read', name, error);
  });
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new RippleError('InvalidArgument', `${name}: not a regular file`);
    return await use({ fd: handle.fd, sizeBytes: found.size, name });
  } finally {
    await handle.close();
  }
}

/** What `open` threw, so that it names the file first. */
export function cannot(verb: 'read' | 'write', name: string, error: unknown): RippleError {
  const { code, message } = asRippleError(error);
  const errno = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (errno === 'ENOENT')
    return new RippleError('InvalidArgument', `${name}: no such ${verb === 'read' ? 'file' : 'folder to write to'}`);
  return new RippleError(code, `${name}: cannot ${verb} it: ${errno ?? message}`, { cause: error });
}

export function sourceOf(file: OpenFile): ByteSource {
  return fileSource(file.fd, file.name, file.sizeBytes);
}
