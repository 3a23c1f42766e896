/** Ripple: the diffs of the changed files, and the bundle from one whole tree to the next. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BlobRef } from '../../../service/core/ports.ts';
import { formatRepositoryPath } from '../../../service/core/repository-path.ts';
import type { MadeBundle } from '../../../service/publish/bundles.ts';
import { PROJECT_ROOT } from '../../helpers/private-bus.ts';
import { run } from '../measure.ts';
import { RIPPLE } from '../sources.ts';
import type { BundleWork } from './bundle-child.ts';
import type { ChildCost } from './child-cost.ts';
import { BUNDLE, DIFFS } from './figures.ts';
import type { Outcome, Rival, ToolCost } from './rival.ts';
import { costOf } from './script.ts';
import { filesOf, sha256Of } from './tree-files.ts';
import { filesDifference, folderBytes, type Workplace } from './workplace.ts';

const IMAGE = 'xo';

function childCost(child: string, what: string, folder: string): ToolCost {
  const program = join(PROJECT_ROOT, 'build/test/bench/wire', child);
  const whole = costOf(`'${process.execPath}' '${program}' ${what} '${folder}'`, folder);
  const { wallMs, cpuMs, restBytes }: ChildCost = JSON.parse(readFileSync(join(folder, 'child.json'), 'utf8'));
  return { wallMs, cpuMs, restBytes, peakBytes: whole.peakBytes, startCpuMs: Math.max(0, whole.cpuMs - cpuMs) };
}

/** Of all sources below these folders: what was measured with other code is measured again. */
function codeHash(...folders: string[]): string {
  const files = folders.flatMap((folder) => filesOf(join(PROJECT_ROOT, folder)).map((file) => join(folder, file)));
  return sha256Of(files.map((file) => `${file} ${sha256Of(readFileSync(join(PROJECT_ROOT, file)))}\n`).join(''));
}

const DELTA = 'service/delta';

export function ours(): readonly Rival[] {
  return [
    {
      name: DIFFS,
      packages: [],
      recipe: `\`ripple diff\` and \`ripple patch\` for each changed file, in one process`,
      code: codeHash(DELTA),
      run(place) {
        const make = childCost('diffs-child.js', 'make', place.folder);
        const bytes = folderBytes(join(place.folder, 'out'));
        const apply = childCost('diffs-child.js', 'apply', place.folder);
        return { bytes, make, apply, wrong: filesDifference(place) };
      },
    },
    {
      name: BUNDLE,
      packages: [],
      recipe: `\`ripple publish --diff-from\` and the daemon's thread`,
      code: codeHash(DELTA, 'service/bundles', 'service/image', 'service/publish'),
      run: bundle,
    },
  ];
}

function bundle({ folder, pair, changes }: Workplace): Outcome {
  const [repository, key] = [join(folder, 'repository'), join(folder, 'key')];
  run(RIPPLE, 'keygen', '--out', key, '--name', 'Bench');
  const [from, to] = [pair.old, pair.new].map((tree, index): BlobRef => {
    const options = ['--repo', repository, '--image', IMAGE, '--version', `${index + 1}`, '--key', key, '--json'];
    return JSON.parse(run(RIPPLE, 'publish', tree, ...options)).manifest;
  });
  if (!from || !to) throw new Error('two trees, two manifests');
  const out = join(folder, 'contents');
  mkdirSync(out);
  const bundlePath = join(repository, formatRepositoryPath({ kind: 'bundle', from: from.sha256, to: to.sha256 }));
  const manifestA = join(repository, 'blobs', from.sha256);
  const maxNewBytes = changes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const unbundle = {
    bundle: bundlePath,
    tree: pair.old,
    manifestA,
    expectedManifest: to,
    maxNewBytes,
    taken: out,
    out,
  };
  const work: BundleWork = { repository, from, to, unbundle };
  writeFileSync(join(folder, 'job.json'), JSON.stringify(work));
  const make = childCost('bundle-child.js', 'make', folder);
  const made: MadeBundle = JSON.parse(readFileSync(join(folder, 'make.json'), 'utf8'));
  const releaseBytes = statSync(join(repository, `images/${IMAGE}/2.pgp`)).size;
  if (made.bytes === 0) return { bytes: made.blobBytes, releaseBytes, make, wrong: '' };
  const apply = childCost('bundle-child.js', 'apply', folder);
  return { bytes: made.bytes, releaseBytes, make, apply, wrong: contentsDifference(out, changes, to) };
}

/** The daemon has checked them; what checks itself is looked at once more. */
function contentsDifference(out: string, changes: Workplace['changes'], manifest: BlobRef): string {
  const made = new Map(filesOf(out).map((name) => [sha256Of(readFileSync(join(out, name))), name]));
  if (made.get(manifest.sha256) !== 'manifest') return 'the manifest did not come out right';
  const missing = changes.find(({ sha256 }) => !made.has(sha256));
  return missing ? `${missing.path} did not come out of the bundle` : '';
}
