/** Makes a new file from an old one and a diff, off the main thread; nothing but the right file ever gets the name. */
import { asRippleError, HashMismatchError, RippleError } from '../api/errors.ts';
import type { BlobRef, Sha256 } from '../core/ports.ts';
import type { ApplyJob, ApplyReply } from './apply-worker.ts';
import { intoName } from './into-name.ts';
import { type DiskPath, type OpenFile, withFile } from './open-file.ts';
import { WorkerThread } from './worker-thread.ts';

export interface ApplyRequest {
  readonly oldPath: DiskPath;
  readonly diffPath: DiskPath;
  /**
   * `path`: gets the name once its bytes are right; it is not flushed to the disk. `fd`: an open file, written from where
   * it stands; what was written means nothing unless `applyDiff` resolves.
   */
  readonly target: { readonly path: DiskPath } | { readonly fd: number };
  /** What must come out: a `BlobRef`, or less of it where a person says what is wanted. */
  readonly expected: { readonly sha256?: Sha256 | undefined; readonly sizeBytes?: number };
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the new file so far. */
  readonly onProgress?: (doneBytes: number) => void;
  /** In place of the usual: a minute, and 4 s for each MiB that is read or written. */
  readonly timeLimitMs?: number;
}

const WORKER = new URL('./apply-worker.js', import.meta.url);
/** Decoders work in typed arrays, which do not count: this bounds all else. */
const HEAP_MEGABYTES = 128;
const BASE_TIME_MS = 60_000;
const TIME_PER_MIB_MS = 4000;
/** A longer timer would go off at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Where nobody said how long the new file is. */
const MAX_UNTOLD_BYTES = 4 * 1024 ** 3;
/** After a larger old file the thread ends, for only that surely gives the memory back. */
const KEPT_OLD_BYTES = 32 << 20;

/** Applies diffs one after the other on one thread, which is started when it is needed. */
export class DiffApplier {
  readonly #thread = new WorkerThread<ApplyJob, ApplyReply>(WORKER, HEAP_MEGABYTES);
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Resolves to what the new file is, once it is complete and as expected.
   * @throws RippleError `HashMismatch` (`HashMismatchError`, `DamagedDiffError`) when the diff, the old file or both are
   *   not what they should be, or the time is up; `InvalidArgument` for what is no diff; `NoSpace`, `IoError`, `Cancelled`
   */
  apply(request: ApplyRequest): Promise<BlobRef> {
    const turn = this.#last.then(() => this.#apply(request));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Ends the thread, and with it what it does. */
  close(): Promise<void> {
    return this.#thread.close();
  }

  async #apply(request: ApplyRequest): Promise<BlobRef> {
    return withFile(request.oldPath, (old) =>
      withFile(request.diffPath, async (diff) => {
        const { target } = request;
        try {
          if ('fd' in target) return await this.#write(request, old, diff, target.fd, `descriptor ${target.fd}`);
          return await intoName(target.path, (fd) => this.#write(request, old, diff, fd, target.path.toString()));
        } finally {
          if (old.sizeBytes > KEPT_OLD_BYTES) await this.#thread.close();
        }
      }),
    );
  }

  async #write(request: ApplyRequest, old: OpenFile, diff: OpenFile, fd: number, name: string): Promise<BlobRef> {
    const { expected, signal, onProgress } = request;
    const maxNewBytes = expected.sizeBytes ?? MAX_UNTOLD_BYTES;
    const mebibytes = (old.sizeBytes + diff.sizeBytes + maxNewBytes) / (1 << 20);
    const usualMs = BASE_TIME_MS + Math.ceil(TIME_PER_MIB_MS * mebibytes);
    const timeLimitMs = request.timeLimitMs ?? Math.min(usualMs, MAX_TIMER_MS);
    const onReply = (reply: ApplyReply): BlobRef | RippleError | undefined => {
      if (reply.kind === 'failed') return new RippleError(reply.code, `${diff.name}: ${reply.message}`);
      if (reply.kind === 'done') return { sha256: reply.sha256, sizeBytes: reply.sizeBytes };
      onProgress?.(reply.doneBytes);
      return undefined;
    };
    const job = { old, diff, targetFd: fd, maxNewBytes };
    const made = await this.#thread.run(job, { signal, timeLimitMs, what: diff.name }, onReply);
    if (made instanceof RippleError) throw made;
    const { sha256 = made.sha256, sizeBytes = made.sizeBytes } = expected;
    if (made.sha256 !== sha256) throw new HashMismatchError(`${name} as made by ${diff.name}`, sha256, made.sha256);
    if (made.sizeBytes !== sizeBytes)
      throw new RippleError(
        'HashMismatch',
        `${diff.name}: makes ${made.sizeBytes} bytes where ${sizeBytes} were expected`,
      );
    return made;
  }
}

/** One diff on a thread of its own; see `DiffApplier.apply`. */
export async function applyDiff(request: ApplyRequest): Promise<BlobRef> {
  const applier = new DiffApplier();
  try {
    return await applier.apply(request);
  } catch (error) {
    throw asRippleError(error);
  } finally {
    await applier.close();
  }
}
