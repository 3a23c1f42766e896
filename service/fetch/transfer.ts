/** One blob from one source into the cache. What the source does wrong is a result; what the disk does wrong is thrown. */
import { HashMismatchError } from '../api/errors.ts';
import type { BlobRef, Source } from '../core/ports.ts';
import { asSourceError, SourceError } from '../core/source-error.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import type { PartWriter } from '../store/part-writer.ts';

/** Up to here a blob waits in memory until it is whole, which saves most of the work of a small file. */
export const SMALL_BYTES = 64 * 1024;

/** A blob on its way, and what befell it so far. */
export interface WantedBlob {
  readonly ref: BlobRef;
  /** Ids of sources that do not have it. */
  readonly missingAt: Set<string>;
  /** Ids of sources that were too slow with it. */
  readonly slowAt: Set<string>;
  /** Who gave the bytes of the part that is on disk; '' stands for an earlier process. */
  readonly givers: Set<string>;
  /** A part of several givers was wrong: from now on only whole from one, so that whoever lies is found. */
  alone: boolean;
}

export function wantedBlob(ref: BlobRef): WantedBlob {
  return { ref, missingAt: new Set(), slowAt: new Set(), givers: new Set(), alone: false };
}

export type TransferResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: SourceError }
  /** Several gave, the whole is wrong, nobody can be blamed; the part is thrown away. */
  | { readonly kind: 'mixed' };

export interface TransferOptions {
  readonly cache: BlobCache;
  readonly signal: AbortSignal;
  /** Bytes came from the source. */
  readonly received: (bytes: number) => void;
  /** Bytes were kept (or, negative, thrown away) on the way to the whole. */
  readonly kept: (bytes: number) => void;
  /** Called once, before anything is received: so many bytes were there from an earlier process. */
  readonly resumed: (bytes: number) => void;
  /** Lets other work of the process run; called now and then. */
  readonly breathe: () => Promise<void> | undefined;
}

export function transfer(source: Source, blob: WantedBlob, options: TransferOptions): Promise<TransferResult> {
  const { ref } = blob;
  return ref.sizeBytes <= SMALL_BYTES && options.cache.partBytes(ref.sha256) === 0
    ? transferSmall(source, ref, options)
    : transferPart(source, blob, options);
}

async function transferSmall(source: Source, ref: BlobRef, options: TransferOptions): Promise<TransferResult> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const error = await receive(source, ref, 0, options, (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
  });
  if (error) return { kind: 'failed', error };
  try {
    const [only] = chunks;
    options.cache.put(ref, chunks.length === 1 && only ? only : Buffer.concat(chunks, length));
  } catch (mismatch) {
    return { kind: 'failed', error: lie(source, mismatch) };
  }
  options.kept(ref.sizeBytes);
  return { kind: 'done' };
}

async function transferPart(source: Source, blob: WantedBlob, options: TransferOptions): Promise<TransferResult> {
  const { cache } = options;
  const { ref, givers } = blob;
  if (blob.alone) {
    options.kept(-cache.partBytes(ref.sha256));
    cache.drop(ref.sha256);
  }
  const writer = await cache.openPart(ref, options.signal);
  try {
    if (writer.offset === 0) givers.clear();
    else if (givers.size === 0) {
      givers.add('');
      options.resumed(writer.offset);
      options.kept(writer.offset);
    }
    const error = await fill(source, blob, writer, options);
    if (error) return { kind: 'failed', error };
    try {
      writer.finish();
    } catch (mismatch) {
      const error = lie(source, mismatch);
      options.kept(-writer.offset);
      cache.drop(ref.sha256);
      if (givers.size === 1 && givers.has(source.id)) return { kind: 'failed', error };
      blob.alone = true;
      return { kind: 'mixed' };
    }
    return { kind: 'done' };
  } finally {
    writer.close();
  }
}

async function fill(
  source: Source,
  blob: WantedBlob,
  writer: PartWriter,
  options: TransferOptions,
): Promise<SourceError | undefined> {
  if (writer.offset === blob.ref.sizeBytes) return undefined;
  return receive(source, blob.ref, writer.offset, options, (chunk) => {
    blob.givers.add(source.id);
    writer.append(chunk);
    options.kept(chunk.length);
  });
}

/** Exactly the bytes that are missing go to `keep`; anything else is the source's error. */
async function receive(
  source: Source,
  ref: BlobRef,
  offset: number,
  options: TransferOptions,
  keep: (chunk: Uint8Array) => void,
): Promise<SourceError | undefined> {
  let left = ref.sizeBytes - offset;
  const iterator = source.readBlob(ref, offset, options.signal)[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      let result: IteratorResult<Uint8Array>;
      try {
        result = await iterator.next();
      } catch (thrown) {
        ended = true;
        return asSourceError(thrown, source.id);
      }
      if (result.done) {
        ended = true;
        return left === 0 ? undefined : new SourceError('lied', source.id, `${left} bytes too few of ${ref.sizeBytes}`);
      }
      left -= result.value.length;
      options.received(result.value.length);
      if (left < 0) return new SourceError('lied', source.id, `sends more than ${ref.sizeBytes} bytes`);
      keep(result.value);
      await options.breathe();
    }
  } finally {
    if (!ended) await iterator.return?.();
  }
}

/** Only a wrong hash is the source's fault; errors of the disk go up. */
function lie(source: Source, thrown: unknown): SourceError {
  if (!(thrown instanceof HashMismatchError)) throw thrown;
  return new SourceError('lied', source.id, `sent wrong bytes for blob ${thrown.expected}`);
}
