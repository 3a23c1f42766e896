/** Bundles in a repository: made on a thread of their own, whole on disk before they have their names. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { RippleError } from '../api/errors.ts';
import type { BlobRef } from '../core/ports.ts';
import { formatRepositoryPath } from '../core/repository-path.ts';
import { parseManifest } from '../image/manifest.ts';
import type { Repository } from '../store/repository.ts';
import { makeFolder, syncFolder } from '../sys/durable.ts';
import type { BundleJob, BundleReply } from './bundle-worker.ts';

export interface MadeBundle {
  /** 0: whole blobs are not larger, so there is none. */
  readonly bytes: number;
  /** What the same costs without it: the manifest and every blob that is new. */
  readonly blobBytes: number;
}

export interface BundleOptions {
  readonly repository: Repository;
  /** Manifests, whose blobs the repository has. */
  readonly from: BlobRef;
  readonly to: BlobRef;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/** `worker.js` beside this file, once compiled. */
const WORKER = new URL('./bundle-worker.js', import.meta.url);
const PREFIX = '.new-';

/**
 * For who holds the repository's lock. One that is there is not made again.
 * @throws RippleError `IoError`, `NoSpace`, `Cancelled`
 */
export async function makeBundle(options: BundleOptions): Promise<MadeBundle> {
  const { repository, from, to } = options;
  const blobBytes = await costOfBlobs(repository, from, to);
  const path = formatRepositoryPath({ kind: 'bundle', from: from.sha256, to: to.sha256 });
  const target = join(repository.root, path);
  const found = await stat(target).catch(() => undefined);
  if (found?.isFile()) return { bytes: found.size, blobBytes };
  const folder = dirname(target);
  await makeFolder(folder);
  for (const name of await readdir(folder)) if (name.startsWith(PREFIX)) await rm(join(folder, name), { force: true });
  const out = join(folder, `${PREFIX}${randomBytes(6).toString('hex')}`);
  const job = { blobs: repository.blobs, from: from.sha256, to: to.sha256, out, maxBytes: blobBytes };
  try {
    const bytes = await runWorker(job, options);
    if (bytes === undefined) return { bytes: 0, blobBytes };
    await rename(out, target);
    await syncFolder(folder);
    return { bytes, blobBytes };
  } finally {
    await rm(out, { force: true });
  }
}

async function costOfBlobs(repository: Repository, from: BlobRef, to: BlobRef): Promise<number> {
  const filesOf = async ({ sha256 }: BlobRef): Promise<Map<string, number>> => {
    const entries = parseManifest(await readFile(repository.blobPath(sha256)));
    return new Map(entries.flatMap((entry) => (entry.type === 'file' ? [[entry.sha256, entry.sizeBytes]] : [])));
  };
  const old = await filesOf(from);
  let bytes = to.sizeBytes;
  for (const [sha256, sizeBytes] of await filesOf(to)) if (!old.has(sha256)) bytes += sizeBytes;
  return bytes;
}

function runWorker(job: BundleJob, { signal, onProgress }: BundleOptions): Promise<number | undefined> {
  const worker = new Worker(WORKER, { workerData: job });
  let onAbort = (): void => {};
  return new Promise<number | undefined>((resolve, reject) => {
    onAbort = () => reject(new RippleError('Cancelled', 'stopped'));
    worker.on('message', (reply: BundleReply) => {
      if (reply.kind === 'progress') onProgress?.(reply.doneBytes, reply.totalBytes);
      else if (reply.kind === 'done') resolve(reply.bytes);
      else reject(new RippleError(reply.code, reply.message));
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(new RippleError('Internal', 'the thread that makes the bundle ended by itself')));
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
  }).finally(async () => {
    signal?.removeEventListener('abort', onAbort);
    await worker.terminate();
  });
}
