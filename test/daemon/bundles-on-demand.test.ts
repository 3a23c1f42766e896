/** Bundles that nobody published: made by a real school server and by a real laptop, because somebody asked. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { BundleName } from '../../service/core/ports.ts';
import { systemClock } from '../../service/daemon/daemon.ts';
import { stageVersion } from '../../service/daemon/install.ts';
import { decodeBundle } from '../../service/delta/bundle/index.ts';
import { VirtualLaptop } from '../../service/demo/virtual-laptop.ts';
import { parseManifest } from '../../service/image/manifest.ts';
import { silentLogger } from '../helpers/blobs.ts';
import { structuredBytes } from '../helpers/edited.ts';
import { type Reply, send } from '../helpers/http.ts';
import { manifestOf, type Published, publishTrees, TestLaptop } from '../helpers/published.ts';
import { seeded } from '../helpers/random.ts';
import { tempFolder } from '../helpers/temp.ts';
import { basesFrom } from '../helpers/tree-in-memory.ts';
import { until } from '../helpers/until.ts';

let folder: string;
let published: Published;

/** 5, 6 and 7 come one from the other; 9 is of another base. */
before(async () => {
  folder = tempFolder({ after: (end: () => void) => process.once('exit', end) }, 'on-demand');
  const tree = (version: number): string => join(folder, `tree-${version}`);
  mkdirSync(join(tree(5), 'usr/lib'), { recursive: true });
  for (let i = 0; i < 3; i++) writeFileSync(join(tree(5), `usr/lib/lib${i}.so.1`), structuredBytes(seeded(i), 30_000));
  writeFileSync(join(tree(5), 'usr/lib/large'), seeded(9).bytes(600_000));
  for (const version of [6, 7]) {
    execFileSync('cp', ['-a', tree(version - 1), tree(version)]);
    appendFileSync(join(tree(version), `usr/lib/lib${version - 6}.so.1`), `now version ${version}`);
    writeFileSync(join(tree(version), 'usr/lib/release'), `${version}\n`);
  }
  mkdirSync(join(tree(9), 'opt'), { recursive: true });
  writeFileSync(join(tree(9), 'opt/tool'), structuredBytes(seeded(0), 20_000));
  writeFileSync(join(tree(9), 'opt/another'), 'of another base\n');
  published = await publishTrees(
    folder,
    [5, 6, 7, 9].map((version) => [version, tree(version)] as const),
  );
});

const shaOf = (version: number): string => manifestOf(published, version).slice(-64);
const between = (from: number, to: number): BundleName => ({ from: shaOf(from), to: shaOf(to) });
const ask = (url: string, { from, to }: BundleName): Promise<Reply> => send(`${url}/bundles/${from}-${to}`);

/** Asks again while it is told to: it is made behind everything else that the machine does. */
async function made(url: string, name: BundleName): Promise<Buffer> {
  for (let look = 0; look < 1200; look++) {
    const reply = await ask(url, name);
    if (reply.status === 200) return reply.body;
    assert.equal(reply.status, 503);
    assert.match(reply.headers['retry-after'] ?? '', /^[1-9][0-9]*$/);
    assert.equal(reply.body.length, 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it was never made');
}

/** What comes out of a bundle is everything that the new version has and the old one has not. */
function assertLeads(bundle: Buffer, from: number, to: number): void {
  const blob = (sha256: string): Buffer => readFileSync(join(published.repository, 'blobs', sha256));
  const filesOf = (version: number): Set<string> =>
    new Set(parseManifest(blob(shaOf(version))).flatMap((entry) => (entry.type === 'file' ? [entry.sha256] : [])));
  const old = filesOf(from);
  const { contents, manifest } = decodeBundle({
    manifestA: blob(shaOf(from)),
    bundle,
    expectedManifest: { sha256: shaOf(to), sizeBytes: blob(shaOf(to)).length },
    maxNewBytes: 10_000_000,
    maxContents: 100,
    base: basesFrom(blob, blob),
    data: () => {},
  });
  assert.ok(manifest.equals(blob(shaOf(to))));
  assert.deepEqual(
    contents.map(({ sha256 }) => sha256).sort(),
    [...filesOf(to)].filter((sha256) => !old.has(sha256)).sort(),
  );
}

function schoolServer(t: { after: (end: () => Promise<void>) => void }, name: string, config = {}): VirtualLaptop {
  const { repository, keyring, image } = published;
  const school = new VirtualLaptop({
    folder: join(folder, name),
    config: { role: 'school', repository, keyring, image, 'discovery.kind': 'none', ...config },
  });
  t.after(() => school.stop());
  return school;
}

test('a school server makes what its repository lacks: forwards, backwards, from another base', async (t) => {
  const school = schoolServer(t, 'school');
  await school.start();
  for (const [from, to] of [
    [5, 7],
    [7, 5],
    [9, 7],
    [7, 9],
  ] as const)
    assertLeads(await made(school.url, between(from, to)), from, to);
  const library = readdirSync(join(published.repository, 'blobs')).find((sha256) => sha256 !== shaOf(7)) ?? '';
  for (const name of [between(7, 7), { from: library, to: shaOf(7) }, { from: 'a'.repeat(64), to: shaOf(7) }])
    assert.equal((await ask(school.url, name)).status, 404);
  const kept = join(published.repository, '.made');
  assert.equal(readdirSync(kept).length, 4);
  // What a laptop took once is there after a restart, and is not made again.
  await school.restart();
  assert.equal((await ask(school.url, between(5, 7))).status, 200);
  assert.equal(readFileSync(school.logFile, 'utf8').match(/made a bundle/g)?.length, 4);
});

test('with no space for bundles a school server makes none', async (t) => {
  const school = schoolServer(t, 'small-school', { 'bundles.space': 0 });
  await school.start();
  assert.equal((await ask(school.url, between(6, 7))).status, 404);
});

test('a laptop that comes while its bundle is made gets there, by the bundle once it is made', async (t) => {
  const school = schoolServer(t, 'school-2');
  await school.start();
  const laptop = await TestLaptop.make(t, {
    published,
    folder: join(folder, 'laptop'),
    config: { origins: [school.url] },
  });
  await laptop.virtual.start();
  await laptop.ok('check');
  // The look around asked how long it is: from then on it was made.
  await made(school.url, between(6, 9));
  await laptop.ok('get', '9');
  laptop.assertTree(published, 9);
  assert.match(readFileSync(laptop.virtual.logFile, 'utf8'), /took a bundle version=9/);
});

test('to any version by blobs alone: backwards, and from another base', async (t) => {
  const laptop = await TestLaptop.make(t, { published, folder: join(folder, 'by-blobs') });
  const options = {
    sysroot: laptop.virtual.sysroot,
    repository: published.repository,
    keyring: published.keyring,
    image: published.image,
    clock: systemClock,
    logger: silentLogger,
    signal: new AbortController().signal,
  };
  for (const version of [5, 9, 7]) {
    await stageVersion({ ...options, version });
    laptop.assertTree(published, version);
  }
});

test('a laptop that has both versions makes the bundle for a neighbour: on mains power and at rest only', async (t) => {
  const supplies = join(folder, 'supplies');
  mkdirSync(join(supplies, 'BAT0'), { recursive: true });
  const write = (name: string, value: string): void => writeFileSync(join(supplies, 'BAT0', name), `${value}\n`);
  write('type', 'Battery');
  write('capacity', '90');
  write('status', 'Discharging');
  const laptop = await TestLaptop.make(t, {
    published,
    folder: join(folder, 'maker'),
    // The machine that runs this test may be busy.
    config: { origins: [], 'power.supplies': supplies, 'bundles.load': 1_000_000 },
  });
  await laptop.install(published, 7);
  await laptop.virtual.start();
  const { url } = laptop.virtual;
  const kept = (): string[] => readdirSync(join(laptop.virtual.sysroot, 'ripple/bundles'));
  assert.equal((await ask(url, between(6, 7))).status, 404, 'on battery');
  assert.deepEqual(kept(), []);
  write('status', 'Charging');
  assertLeads(await made(url, between(6, 7)), 6, 7);
  assert.deepEqual(kept(), [`${shaOf(6)}-${shaOf(7)}`]);
  // 6 is here, but it is not what this laptop gives; 5 is not here.
  assert.equal((await ask(url, between(7, 6))).status, 404);
  assert.equal((await ask(url, between(5, 7))).status, 404);
  await until(() => kept().length === 1);
});

test('a laptop with something to do makes nothing', async (t) => {
  const laptop = await TestLaptop.make(t, {
    published,
    folder: join(folder, 'busy-maker'),
    config: { origins: [], 'bundles.load': 0 },
  });
  await laptop.install(published, 7);
  await laptop.virtual.start();
  assert.equal((await ask(laptop.virtual.url, between(6, 7))).status, 404);
});
