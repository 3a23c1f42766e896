import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tempFolder } from '../../helpers/temp.ts';

const CHILD = fileURLToPath(new URL('../../helpers/publish-child.js', import.meta.url));

/** What the kernel was asked, in order: `syncfs`, `fsync PATH` and `rename FROM TO`, with paths below the repository. */
function diskOrder(trace: string, root: string): string[] {
  return trace
    .split('\n')
    .filter((line) => line.includes(root))
    .flatMap((line) => {
      const call = /\b(syncfs|fsync|rename(?:at2?)?)\(/.exec(line)?.[1];
      const paths = [...line.matchAll(/["<]([^">]*)[">]/g)].map(([, path]) => path?.replace(`${root}/`, '') ?? '');
      return call === undefined ? [] : [[call.replace(/at2?$/, ''), ...paths].join(' ')];
    });
}

test('what a document names is on disk before the document, and blobs before their names', (t) => {
  const folder = tempFolder(t);
  const root = join(folder, 'repository');
  mkdirSync(join(folder, 'tree'));
  writeFileSync(join(folder, 'tree/small'), 'small');
  writeFileSync(join(folder, 'tree/large'), Buffer.alloc(3_000_000));
  const strace = [
    '-f',
    '-y',
    '-s',
    '4096',
    '-e',
    'trace=syncfs,fsync,fdatasync,rename,renameat,renameat2',
    '-o',
    `${folder}/trace`,
  ];
  const child = spawnSync('strace', [...strace, process.execPath, CHILD, join(folder, 'tree'), root], {
    encoding: 'utf8',
  });
  assert.equal(child.status, 0, child.stderr);
  const order = diskOrder(readFileSync(join(folder, 'trace'), 'utf8'), root);

  const isBlobName = (step: string): boolean => /^rename \.incoming-\w+\/[0-9a-f]{64} blobs\/[0-9a-f]{64}$/.test(step);
  const at = (found: number): number => {
    assert.notEqual(found, -1, order.join('\n'));
    return found;
  };
  const written = at(order.findIndex((step) => step.startsWith('syncfs .incoming-')));
  const firstName = at(order.findIndex(isBlobName));
  const lastName = at(order.findLastIndex(isBlobName));
  assert.equal(order.filter(isBlobName).length, 4);
  const namesOnDisk = at(order.findIndex((step, i) => i > lastName && step === 'fsync blobs'));
  const document = (name: string): number[] => [
    at(order.findIndex((step) => step.startsWith(`fsync images/xo/.${name}.pgp.`))),
    at(order.findIndex((step) => step.startsWith('rename') && step.endsWith(` images/xo/${name}.pgp`))),
  ];
  const [releaseBytes = 0, releaseName = 0] = document('7');
  const [latestBytes = 0, latestName = 0] = document('latest');
  const releaseOnDisk = at(order.findIndex((step, i) => i > releaseName && step === 'fsync images/xo'));
  const latestOnDisk = at(order.lastIndexOf('fsync images/xo'));
  const wanted = [
    written,
    firstName,
    namesOnDisk,
    releaseBytes,
    releaseName,
    releaseOnDisk,
    latestBytes,
    latestName,
    latestOnDisk,
  ];
  assert.deepEqual(
    wanted,
    [...wanted].sort((a, b) => a - b),
    order.join('\n'),
  );
});
