/** Blobs, a repository folder that holds them, and what else the two HTTP sides need in a test. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { BlobRef, Clock, Logger } from '../../service/core/ports.ts';
import { type ShareOptions, type ShareServer, startShareServer } from '../../service/share/server.ts';
import { FolderContent } from '../../service/store/folder-content.ts';
import { tempFolder } from './temp.ts';

export interface TestBlob {
  readonly ref: BlobRef;
  readonly bytes: Buffer;
}

export function blobOf(bytes: Buffer): TestBlob {
  return { ref: { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length }, bytes };
}

export function randomBlobs(count: number, sizeBytes: number): TestBlob[] {
  return Array.from({ length: count }, () => blobOf(randomBytes(sizeBytes)));
}

/** A repository folder with these blobs. */
export function repositoryOf(t: TestContext, blobs: readonly TestBlob[]): string {
  const folder = tempFolder(t, 'repository');
  for (const name of ['blobs', 'bundles', 'keyring', 'images/xo/orders'])
    mkdirSync(join(folder, name), { recursive: true });
  for (const { ref, bytes } of blobs) writeFileSync(join(folder, 'blobs', ref.sha256), bytes);
  return folder;
}

export const realClock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
export const silentLogger: Logger = { info() {}, warn() {} };

/** The real server over a folder, on a free port, gone after the test. */
export async function serve(
  t: Pick<TestContext, 'after'>,
  folder: string,
  options: Partial<ShareOptions> = {},
): Promise<ShareServer> {
  const server = await startShareServer({
    host: '127.0.0.1',
    port: 0,
    content: new FolderContent(folder),
    slots: 32,
    retryAfterSeconds: 1,
    logger: silentLogger,
    ...options,
  });
  t.after(() => server.close());
  return server;
}

export function oneBlob(sizeBytes: number): TestBlob {
  const [blob] = randomBlobs(1, sizeBytes);
  assert.ok(blob);
  return blob;
}
