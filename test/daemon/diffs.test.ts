/** Differences of single files that lie in a repository: a whole laptop makes its files from them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { liarOver } from '../helpers/liar.ts';
import { type Published, publishTrees, TestLaptop } from '../helpers/published.ts';
import { seeded } from '../helpers/random.ts';
import { rippleOk } from '../helpers/ripple.ts';
import { tempFolder } from '../helpers/temp.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const old = { stock: seeded(1).bytes(60_000), ours: seeded(2).bytes(50_000) };
const changed = {
  stock: Buffer.concat([old.stock.subarray(0, 30_000), Buffer.from('new'), old.stock.subarray(30_000)]),
  ours: Buffer.concat([Buffer.from('new'), old.ours]),
};
let folder: string;
let published: Published;

before(async () => {
  folder = tempFolder({ after: (end: () => void) => process.once('exit', end) }, 'diffs');
  for (const [version, files] of [
    [6, old],
    [7, changed],
  ] as const) {
    mkdirSync(join(folder, `${version}/bin`), { recursive: true });
    writeFileSync(join(folder, `${version}/bin/stock`), files.stock);
    // The name of a library changes with its version.
    writeFileSync(join(folder, `${version}/bin/ours.so.${version}`), files.ours);
    writeFileSync(join(folder, `${version}/small`), `${version}\n`);
  }
  published = await publishTrees(folder, [
    [6, join(folder, '6')],
    [7, join(folder, '7')],
  ]);
});

const pathOf = (name: keyof typeof old): string => `/blobs/${sha256(old[name])}-${sha256(changed[name])}`;

async function update(t: TestContext, what: string, settings: { wrong?: RegExp } = {}) {
  const server = await liarOver(t, published.repository, {
    about: settings.wrong ?? /nothing/,
    // A right difference to something else.
    answer: (_bytes, response) => response.end(readFileSync(join(folder, 'wrong.diff'))),
  });
  const honest = await liarOver(t, published.repository, { about: /nothing/, answer: () => {} });
  const laptop = await TestLaptop.make(t, {
    published,
    folder: join(folder, what),
    config: { origins: settings.wrong ? [server.url, honest.url] : [server.url] },
  });
  await laptop.virtual.start();
  await laptop.ok('get', '7');
  laptop.assertTree(published, 7);
  await laptop.virtual.stop();
  return { server, honest, log: readFileSync(laptop.virtual.logFile, 'utf8') };
}

test('without a bundle large files come as differences, of stock bsdiff and of ours, and all else as blobs', async (t) => {
  const [a, b] = [join(folder, '6/bin'), join(folder, '7/bin')];
  execFileSync('bsdiff', [join(a, 'stock'), join(b, 'stock'), join(published.repository, pathOf('stock'))]);
  await rippleOk(['diff', join(a, 'ours.so.6'), join(b, 'ours.so.7'), join(published.repository, pathOf('ours'))]);
  const { server, log } = await update(t, 'right');
  for (const name of ['stock', 'ours'] as const) {
    assert.ok(server.asked.includes(pathOf(name)), name);
    assert.ok(!server.asked.includes(`/blobs/${sha256(changed[name])}`), `${name} came as a whole, too`);
  }
  assert.ok(server.asked.includes(`/blobs/${sha256(Buffer.from('7\n'))}`));
  assert.match(log, /took differences version=7 files=2/);
});

test('a wrong difference leads to the whole file; whoever gave it is left alone', async (t) => {
  writeFileSync(join(folder, 'other'), seeded(3).bytes(1000));
  await rippleOk(['diff', join(folder, '6/bin/stock'), join(folder, 'other'), join(folder, 'wrong.diff')]);
  const { server, honest, log } = await update(t, 'wrong', { wrong: /^\/blobs\/[0-9a-f]{64}-/ });
  assert.match(log, new RegExp(`id="${server.url}" banned=true .*wrong difference`));
  assert.ok(!server.asked.includes(`/blobs/${sha256(changed.stock)}`));
  assert.ok(honest.asked.length > 0);
});

test('a difference that is as long as the file is not read', async (t) => {
  writeFileSync(join(published.repository, pathOf('stock')), Buffer.alloc(changed.stock.length));
  rmSync(join(published.repository, pathOf('ours')));
  const { server, log } = await update(t, 'long');
  assert.ok(server.asked.includes(`/blobs/${sha256(changed.stock)}`));
  assert.doesNotMatch(log, /took differences|banned=true/);
});
