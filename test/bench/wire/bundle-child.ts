/**
 * Makes a bundle as `ripple publish --diff-from` does, or unpacks one as the daemon does.
 * Usage: node bundle-child.js make|apply FOLDER, where FOLDER/job.json is a `BundleWork`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { RippleError } from '../../../service/api/errors.ts';
import type { BlobRef } from '../../../service/core/ports.ts';
import type { UnbundleJob, UnbundleReply } from '../../../service/daemon/bundle-worker.ts';
import { makeBundle } from '../../../service/publish/bundles.ts';
import { Repository } from '../../../service/store/repository.ts';
import { withCost } from './child-cost.ts';

export interface BundleWork {
  readonly repository: string;
  readonly from: BlobRef;
  readonly to: BlobRef;
  readonly unbundle: UnbundleJob;
}

const WORKER = new URL('../../../service/daemon/bundle-worker.js', import.meta.url);
const [what = '', folder = ''] = process.argv.slice(2);
const work: BundleWork = JSON.parse(readFileSync(join(folder, 'job.json'), 'utf8'));

function unbundle(): Promise<readonly BlobRef[]> {
  const worker = new Worker(WORKER, { workerData: work.unbundle });
  return new Promise((resolve, reject) => {
    worker.on('message', (reply: UnbundleReply) => {
      if (reply.kind === 'done') resolve(reply.contents);
      else reject(new RippleError(reply.code, reply.message));
    });
    worker.on('error', reject);
  });
}

await withCost(folder, async () => {
  const made =
    what === 'make'
      ? await makeBundle({ repository: new Repository(work.repository), from: work.from, to: work.to })
      : await unbundle();
  writeFileSync(join(folder, `${what}.json`), JSON.stringify(made));
});
