/**
 * Makes a bundle as `ripple publish --diff-from` does, or unpacks one as the daemon does.
 * Usage: node bundle-child.js make|apply FOLDER, where FOLDER/job.json is a `BundleWork`.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../../../service/api/errors.ts';
import type { UnpackJob } from '../../../service/bundles/unpack-worker.ts';
import { Unpacker } from '../../../service/bundles/unpacker.ts';
import type { BlobRef } from '../../../service/core/ports.ts';
import { makeBundle } from '../../../service/publish/bundles.ts';
import { Repository } from '../../../service/store/repository.ts';
import { keepLittleSpare } from '../../../service/sys/spare-memory.ts';
import { withCost } from './child-cost.ts';

export interface BundleWork {
  readonly repository: string;
  readonly from: BlobRef;
  readonly to: BlobRef;
  readonly unbundle: Omit<UnpackJob, 'maxBundleBytes'>;
}

const [what = '', folder = ''] = process.argv.slice(2);
const work: BundleWork = JSON.parse(readFileSync(join(folder, 'job.json'), 'utf8'));

async function unbundle(): Promise<readonly BlobRef[]> {
  const { out } = work.unbundle;
  const sizeBytes = statSync(work.unbundle.bundle).size;
  const contents: BlobRef[] = [];
  mkdirSync(out, { recursive: true });
  const unpacker = new Unpacker({ ...work.unbundle, maxBundleBytes: sizeBytes, out: `${out}.part` }, (ref, file) => {
    renameSync(file, join(out, ref.sha256));
    contents.push(ref);
  });
  try {
    unpacker.grown({ bytes: sizeBytes, sizeBytes });
    const end = await unpacker.settled(new AbortController().signal);
    if (end.kind !== 'whole')
      throw new RippleError('HashMismatch', end.kind === 'failed' ? end.message : 'the bundle is not whole');
    renameSync(end.manifest, join(out, 'manifest'));
    return contents;
  } finally {
    await unpacker.close();
  }
}

keepLittleSpare();
await withCost(folder, async () => {
  const made =
    what === 'make'
      ? await makeBundle({ repository: new Repository(work.repository), from: work.from, to: work.to })
      : await unbundle();
  writeFileSync(join(folder, `${what}.json`), JSON.stringify(made));
});
