/** The rsync way, with the real rsync on both sides: what it brings, when it is gone, and what a hostile server gets. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { parseRsyncOrigin } from '../../service/core/rsync-origin.ts';
import { RsyncSource, type TreeWish } from '../../service/fetch/rsync-source.ts';
import { serve } from '../helpers/blobs.ts';
import { structuredBytes } from '../helpers/edited.ts';
import { type Published, publishTrees, TestLaptop } from '../helpers/published.ts';
import { seeded } from '../helpers/random.ts';
import { rsyncMissing, startRsyncd } from '../helpers/rsyncd.ts';
import { tempFolder } from '../helpers/temp.ts';

const LARGE_BYTES = 2_000_000;
const skip = rsyncMissing;
let folder: string;
let published: Published;

before(async () => {
  folder = tempFolder({ after: (end: () => void) => process.once('exit', end) }, 'rsync-way');
  // Whom rsync runs as has to pass to see what equal stretches may come from.
  chmodSync(folder, 0o711);
  const large = Buffer.from(structuredBytes(seeded(1), LARGE_BYTES));
  for (const version of [6, 7]) {
    const tree = join(folder, `tree-${version}`);
    mkdirSync(join(tree, 'usr/lib'), { recursive: true });
    large.write(`version ${version}`, LARGE_BYTES / 2);
    writeFileSync(join(tree, 'usr/lib/large'), large);
    writeFileSync(join(tree, 'usr/lib/same'), 'the same in both\n');
    writeFileSync(join(tree, '#odd name\n'), `${version}`);
    writeFileSync(join(tree, '-n'), `${version}${version}`);
    writeFileSync(join(tree, 'su'), `setuid ${version}`, { mode: 0o755 });
    chmodSync(join(tree, 'su'), 0o4755);
    symlinkSync('usr/lib/large', join(tree, 'link'));
    execFileSync('ln', [join(tree, 'su'), join(tree, 'su-again')]);
  }
  published = await publishTrees(folder, [
    [6, join(folder, 'tree-6')],
    [7, join(folder, 'tree-7')],
  ]);
});

const modules = (tree = join(folder, 'tree-7')) => ({ ripple: published.repository, 'xo.7': tree });

/** A copy of version 7's tree, to be spoilt. */
function copyOfTree(t: TestContext): string {
  const copy = join(tempFolder(t, 'spoilt'), 'tree');
  execFileSync('cp', ['-a', join(folder, 'tree-7'), copy]);
  return copy;
}

async function laptopWith(t: TestContext, name: string, origins: readonly string[]): Promise<TestLaptop> {
  const laptop = await TestLaptop.make(t, { folder: join(folder, name), published, config: { origins } });
  await laptop.virtual.start();
  return laptop;
}

const logOf = ({ virtual }: TestLaptop): string => readFileSync(virtual.logFile, 'utf8');

test('with nothing but an rsync server a laptop hears of a version and gets it, exactly as published', {
  skip,
}, async (t) => {
  const laptop = await laptopWith(t, 'alone', [await startRsyncd(t, modules())]);
  await laptop.ok('check');
  assert.deepEqual(
    (await laptop.status()).versions.map(({ version }) => version),
    [7],
  );
  await laptop.ok('get', '7');
  laptop.assertTree(published, 7);
  const [, bytes = '0'] = /took files of a tree .*bytes=(\d+)/.exec(logOf(laptop)) ?? [];
  assert.ok(Number(bytes) > 0 && Number(bytes) < LARGE_BYTES / 4, `differences only: ${bytes} bytes`);
  assert.ok(!existsSync(join(laptop.virtual.sysroot, 'ripple-rsync')), 'nothing is left of it');
});

test('it is not asked while somebody else has the version', { skip }, async (t) => {
  const rsync = await startRsyncd(t, { ripple: '/nonexistent', 'xo.7': '/nonexistent' });
  const laptop = await laptopWith(t, 'not-needed', [rsync, (await serve(t, published.repository)).url]);
  await laptop.ok('get', '7');
  laptop.assertTree(published, 7);
  assert.doesNotMatch(logOf(laptop), /rsync:/);
});

/** A web server with all but the content of version 7's files. */
async function webWithoutContent(t: TestContext): Promise<string> {
  const half = join(tempFolder(t, 'half'), 'repository');
  execFileSync('cp', ['-a', published.repository, half]);
  const sums = execFileSync('sh', ['-c', 'find . -type f -print0 | xargs -0 sha256sum -z'], {
    cwd: join(folder, 'tree-7'),
    encoding: 'latin1',
  });
  for (const line of sums.split('\0')) if (line !== '') rmSync(join(half, 'blobs', line.slice(0, 64)), { force: true });
  return (await serve(t, half)).url;
}

test('what a web server lacks comes by rsync', { skip }, async (t) => {
  const origins = [await webWithoutContent(t), await startRsyncd(t, modules())];
  const laptop = await laptopWith(t, 'half', origins);
  await laptop.ok('get', '7');
  laptop.assertTree(published, 7);
  assert.match(logOf(laptop), /took files of a tree .*files=4 /);
});

test('other content is refused and its giver left, and what runs stays as it is', { skip }, async (t) => {
  const tree = copyOfTree(t);
  writeFileSync(join(tree, '-n'), 'xx');
  const laptop = await laptopWith(t, 'wrong', [await webWithoutContent(t), await startRsyncd(t, modules(tree))]);
  const ran = await laptop.run('get', '7');
  assert.equal(ran.status, 1);
  assert.match(logOf(laptop), /banned=true .*1 files have other content/);
  assert.ok(!existsSync(laptop.tree(7)));
  laptop.assertTree(published, 6);
});

test('links out of the tree, folders that are links and files that nobody asked for come to nothing', {
  skip,
}, async (t) => {
  const tree = copyOfTree(t);
  const outside = tempFolder(t, 'outside');
  chmodSync(outside, 0o777);
  rmSync(join(tree, 'usr/lib'), { recursive: true });
  symlinkSync(outside, join(tree, 'usr/lib'));
  writeFileSync(join(outside, 'large'), Buffer.alloc(LARGE_BYTES));
  rmSync(join(tree, '-n'));
  symlinkSync('/etc/hostname', join(tree, '-n'));
  rmSync(join(tree, '#odd name\n'));
  mkdirSync(join(tree, '#odd name\n'));
  writeFileSync(join(tree, 'extra'), 'nobody asked');
  const laptop = await laptopWith(t, 'links', [await webWithoutContent(t), await startRsyncd(t, modules(tree))]);
  assert.equal((await laptop.run('get', '7')).status, 1);
  assert.deepEqual(readdirSync(outside), ['large']);
  assert.ok(!existsSync(laptop.tree(7)));
  assert.deepEqual(readdirSync(laptop.virtual.sysroot).sort(), ['ripple', 'rootfs']);
  laptop.assertTree(published, 6);
});

/** As the taker uses it, without a laptop around it. */
async function took(t: TestContext, url: string, wishes: readonly TreeWish[]): Promise<string[]> {
  const origin = parseRsyncOrigin(url);
  assert.ok(origin);
  const workplace = join(tempFolder(t, 'workplace'), 'w');
  const source = new RsyncSource({ origin, workplace, stallMs: 20_000 });
  const names: string[] = [];
  await source.readTree({
    tree: 'xo.7',
    wishes,
    onBytes: () => {},
    signal: t.signal,
    took: async (wish) => {
      names.push(wish.path);
    },
  });
  return names;
}

const wish = (path: string, sizeBytes: number): TreeWish => ({ path, ref: { sha256: 'a'.repeat(64), sizeBytes } });

test('a server that never ends talking is cut off', { skip }, async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('@RSYNCD: 31.0 sha512 md5 md4\n');
    // rsync gives up by itself when a line is longer than a path may be.
    const line = Buffer.from(`${'welcome '.repeat(100)}\n`);
    const talk = (): void => {
      while (!socket.destroyed && socket.write(line));
      socket.once('drain', talk);
    };
    talk();
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  await assert.rejects(took(t, `rsync://127.0.0.1:${address.port}`, [wish('./a', 10)]), /more than the version has/);
});

test('a file that grows after its length was told does not fill the disk', { skip }, async (t) => {
  const tree = tempFolder(t, 'growing');
  const first = 24_000_000;
  writeFileSync(join(tree, 'a'), Buffer.alloc(first, 'a'));
  writeFileSync(join(tree, 'z'), 'z');
  const url = new URL(await startRsyncd(t, modules(tree)));
  const proxy = createServer((inner) => {
    const outer = connect(Number(url.port), '127.0.0.1');
    let bytes = 0;
    for (const socket of [inner, outer]) socket.on('error', () => {});
    inner.pipe(outer);
    outer.on('data', (chunk: Buffer) => {
      if (bytes === 0 || (bytes < 500_000 && bytes + chunk.length >= 500_000))
        truncateSync(join(tree, 'z'), bytes === 0 ? 1 : 4e9);
      bytes += chunk.length;
    });
    outer.pipe(inner);
    inner.once('close', () => outer.destroy());
  }).listen(0, '127.0.0.1');
  t.after(() => proxy.close());
  await new Promise((resolve) => proxy.once('listening', resolve));
  const address = proxy.address();
  assert.ok(typeof address === 'object' && address);
  const wishes = [wish('./a', first), wish('./z', 1)];
  await assert.rejects(
    took(t, `rsync://127.0.0.1:${address.port}`, wishes),
    /more than the version has|rsync ended with/,
  );
  assert.equal(statSync(join(tree, 'z')).size, 4e9, 'it did grow');
});
