/** An open file of a source on this machine, piece by piece. */
import { RippleError } from '../api/errors.ts';
import { SourceError } from '../core/source-error.ts';

const PIECE_BYTES = 256 * 1024;

export interface FileRange {
  /** First byte. */
  readonly offset: number;
  /** Of the whole file: the range ends there. */
  readonly sizeBytes: number;
}

/**
 * @param read fills the buffer from a position of the file on, and says how many bytes there were
 * @param sourceId whom an error names
 * @throws SourceError `unreachable` when the file has become shorter; RippleError `Cancelled`
 */
export async function* filePieces(
  read: (buffer: Buffer, position: number) => Promise<number>,
  { offset, sizeBytes }: FileRange,
  sourceId: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < sizeBytes; ) {
    if (signal?.aborted) throw new RippleError('Cancelled', 'stopped');
    const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, sizeBytes - at));
    const length = await read(buffer, at);
    if (length < buffer.length) throw new SourceError('unreachable', sourceId, 'changed while it was read');
    at += length;
    yield buffer;
  }
}
