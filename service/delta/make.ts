/** Makes the diff of two files, off the main thread. */
import { RippleError } from '../api/errors.ts';
import type { FormatName, ShareListener } from './format.ts';
import type { MakeJob, MakeReply } from './make-worker.ts';
import { type DiskPath, withFile } from './open-file.ts';
import { WorkerThread } from './worker-thread.ts';

export interface MakeRequest {
  readonly oldPath: DiskPath;
  readonly newPath: DiskPath;
  readonly format: FormatName;
  readonly signal?: AbortSignal | undefined;
  readonly onShare?: ShareListener;
}

const WORKER = new URL('./make-worker.js', import.meta.url);
const HEAP_MEGABYTES = 4096;

/**
 * The diff, tried out. The same pair gives the same diff every time.
 * @throws RippleError `InvalidArgument` for files that are too large, `IoError`, `Cancelled`
 */
export function makeDiff(request: MakeRequest): Promise<Uint8Array> {
  const { format, signal, onShare } = request;
  return withFile(request.oldPath, (old) =>
    withFile(request.newPath, async (target) => {
      const thread = new WorkerThread<MakeJob, MakeReply>(WORKER, HEAP_MEGABYTES);
      const onReply = (reply: MakeReply): Uint8Array | undefined => {
        if (reply.kind === 'failed') throw new RippleError(reply.code, `${target.name}: ${reply.message}`);
        if (reply.kind === 'done') return reply.diff;
        onShare?.(reply.share);
        return undefined;
      };
      try {
        return await thread.run({ old, target, format }, { signal, what: target.name }, onReply);
      } finally {
        await thread.close();
      }
    }),
  );
}
