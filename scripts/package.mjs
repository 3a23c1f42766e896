// npm run package: the Debian packages and the Sugar bundle, into dist/.
// Usage: node scripts/package.mjs [--out DIR] [--fast] [--built]
//   --fast   larger packages, made in a tenth of the time
//   --built  the checkout is set up and built already
// Dates are SOURCE_DATE_EPOCH, or that of the last commit: the same sources give the same bytes.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: { out: { type: 'string' }, fast: { type: 'boolean' }, built: { type: 'boolean' } },
});
process.umask(0o022);
if (!values.built) setup('package');

// These read what the build made.
const { bundle } = await import('./package/bundle.mjs');
const { activityFiles, rippleFiles, schoolFiles, sugarFiles } = await import('./package/contents.mjs');
const { makeDeb } = await import('./package/deb.mjs');
const { architecture, dependencies, koffiNative, nodeBinary } = await import('./package/runtime.mjs');
const { maintainer } = await import('./package/texts.mjs');
const { zip } = await import('./package/xo.mjs');

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const epoch = sourceDate();
const release = { version, epoch, date: new Date(epoch * 1000).toISOString().slice(0, 10) };
const out = resolve(values.out ?? join(root, 'dist'));
mkdirSync(out, { recursive: true });
const work = mkdtempSync(join(tmpdir(), 'ripple-package-'));
try {
  const bundled = await bundle(root);
  const node = nodeBinary(work);
  const native = koffiNative(root);
  const libraries = dependencies([process.execPath, join(native.folder, native.file)]);
  const packages = [
    { name: 'ripple', architecture: architecture(), files: await rippleFiles(root, bundled, node, release) },
    { name: 'ripple-activity', architecture: 'all', files: activityFiles(root, bundled, release) },
    { name: 'ripple-school', architecture: 'all', files: schoolFiles(root, release) },
  ];
  const fields = { VERSION: version, MAINTAINER: maintainer(), LIBRARIES: libraries };
  const made = packages.map((one) =>
    makeDeb({
      ...one,
      debian: join(root, 'assets/debian'),
      fields,
      work: join(work, one.name),
      out,
      epoch,
      fast: values.fast === true,
    }),
  );
  const xo = join(out, `Ripple-${version}.xo`);
  writeFileSync(xo, zip(sugarFiles(root, version), epoch));
  for (const file of [...made, xo]) console.log(`${file}  ${(statSync(file).size / 1e6).toFixed(2)} MB`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function sourceDate() {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined && /^[0-9]{1,12}$/.test(given)) return Number(given);
  const git = spawnSync('git', ['-C', root, 'log', '-1', '--format=%ct'], { encoding: 'utf8' });
  if (git.status === 0) return Number(git.stdout.trim());
  return Math.floor(statSync(join(root, 'package.json')).mtimeMs / 1000);
}
