import { randomBytes } from 'node:crypto';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RippleError } from '../api/errors.ts';
import { cannot, type DiskPath } from './open-file.ts';

/**
 * Writes beside the name and renames when `write` is done; else nothing is left. Only a regular file is replaced: root
 * would else put a file where /dev/null was.
 */
export async function intoName<T>(path: DiskPath, write: (fd: number) => Promise<T>): Promise<T> {
  const found = await lstat(path).catch(() => undefined);
  if (found && !found.isFile()) throw new RippleError('InvalidArgument', `${path}: not a regular file; name another`);
  const partial = besides(path);
  const handle = await open(partial, 'wx').catch((error) => {
    throw cannot('write', path.toString(), error);
  });
  try {
    const result = await write(handle.fd);
    await handle.close();
    await rename(partial, path);
    return result;
  } catch (error) {
    await handle.close();
    await rm(partial, { force: true });
    throw error;
  }
}

/** A name of no other file in the same folder. */
function besides(path: DiskPath): Buffer {
  const name = `.ripple-${randomBytes(8).toString('hex')}.part`;
  const bytes = Buffer.from(path);
  // dirname takes text; latin1 keeps each byte.
  const folder = Buffer.from(dirname(bytes.toString('latin1')), 'latin1');
  return Buffer.concat([folder, Buffer.from(`/${name}`)]);
}
