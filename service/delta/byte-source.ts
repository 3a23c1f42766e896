/** Bytes that can be read at any place: in memory, or in a file of which only windows are held. */
import { readSync } from 'node:fs';
import { RippleError } from '../api/errors.ts';

/** What is read whole, for work that needs all of it in memory, may have this many bytes at most. */
export const MAX_WHOLE_BYTES = 1 << 30;

export interface ByteSource {
  /** For messages. */
  readonly name: string;
  readonly sizeBytes: number;
  /**
   * Fills `target` with the bytes from `position` on, all of which exist.
   * @throws RippleError `IoError` if the file shrank
   */
  readAt(target: Uint8Array, position: number): void;
}

export function memorySource(bytes: Uint8Array, name = 'bytes in memory'): ByteSource {
  return {
    name,
    sizeBytes: bytes.length,
    readAt: (target, position) => target.set(bytes.subarray(position, position + target.length)),
  };
}

/** `sizeBytes` bytes of another source, from `start` on. */
export function partOf(source: ByteSource, start: number, sizeBytes: number): ByteSource {
  return { name: source.name, sizeBytes, readAt: (target, position) => source.readAt(target, start + position) };
}

/** Reads an open file of which `sizeBytes` were counted on opening. */
export function fileSource(fd: number, name: string, sizeBytes: number): ByteSource {
  return {
    name,
    sizeBytes,
    readAt: (target, position) => {
      for (let done = 0; done < target.length; ) {
        const got = readSync(fd, target, done, target.length - done, position + done);
        if (got === 0) throw new RippleError('IoError', `${name}: became shorter while it was read`);
        done += got;
      }
    },
  };
}

/** @throws RippleError `InvalidArgument` if it is too large for that, `IoError` if there is no memory for it */
export function readAll(source: ByteSource): Uint8Array {
  const { name, sizeBytes } = source;
  if (sizeBytes > MAX_WHOLE_BYTES)
    throw new RippleError(
      'InvalidArgument',
      `${name}: ${sizeBytes} bytes, where ${MAX_WHOLE_BYTES} are the most; use the whole file`,
    );
  const bytes = allocate(name, sizeBytes);
  source.readAt(bytes, 0);
  return bytes;
}

function allocate(name: string, sizeBytes: number): Uint8Array {
  try {
    return new Uint8Array(sizeBytes);
  } catch (error) {
    throw new RippleError('IoError', `${name}: no memory for its ${sizeBytes} bytes; use the whole file`, {
      cause: error,
    });
  }
}
