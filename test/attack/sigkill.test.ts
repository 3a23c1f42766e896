/**
 * SIGKILL at fifty points of fetch-and-stage, against the real daemon: each time it starts again it goes on by itself,
 * fetches nothing again that was on the disk, and in the end the version is whole.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseManifest } from '../../service/image/manifest.ts';
import { FolderContent } from '../../service/store/folder-content.ts';
import { serve } from '../helpers/blobs.ts';
import { manifestOf, type Published, publishTrees, TestLaptop } from '../helpers/published.ts';
import { CLASSROOM_SIZE, makeSeededTrees } from '../helpers/seeded-trees.ts';
import { tempFolder } from '../helpers/temp.ts';
import { WatchedContent } from '../helpers/watched-content.ts';

const FETCH_KILLS = 34;
/** Shares of the links that staging makes. */
const STAGING_KILLS = [0, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1];
const BYTES_PER_MS = 2_500;
/**
 * What a kill may cost: a daemon has four requests out at one source, and each may have a piece in the network and one
 * in memory, where a small blob waits until it is whole.
 */
const MOST_LOST_BYTES = 4 * (64 * 1024 + 64 * 1024);

/** Bytes of what version 7 has and version 6 has not, and of its manifest; the notes are the same. */
function updateBytes(published: Published): number {
  const files = (version: number): Map<string, number> =>
    new Map(
      parseManifest(readFileSync(manifestOf(published, version))).flatMap((entry) =>
        entry.type === 'file' ? [[entry.sha256, entry.sizeBytes]] : [],
      ),
    );
  const older = files(6);
  const blobs = [...files(7)].filter(([sha256]) => !older.has(sha256));
  return blobs.reduce((sum, [, bytes]) => sum + bytes, statSync(manifestOf(published, 7)).size);
}
/** `{}` and the end of the line: nothing was said of what is new. */
const NOTES_BYTES = 3;

/** Bytes that were fetched and not staged yet. */
function keptBytes(laptop: TestLaptop): number {
  const folder = join(laptop.virtual.sysroot, 'ripple/blobs');
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** Starts the daemon below strace(1), which kills it at the nth of these system calls (on this path, if one is given). */
async function killAtCall(laptop: TestLaptop, call: string, nth: number, path?: string): Promise<void> {
  const family = `?${call},?${call}at,?${call}at2`;
  const filter = ['-e', `trace=${family}`, ...(path === undefined ? [] : ['-P', path])];
  const kill = ['-e', `inject=${family}:signal=KILL:when=${nth}`];
  const virtual = laptop.hardware({ prefix: ['strace', '-f', '-qq', '-o', '/dev/null', ...filter, ...kill] });
  const late = AbortSignal.timeout(30_000);
  // It may be killed before it is ready, or after.
  await virtual.start().catch(() => undefined);
  await Promise.race([virtual.ended(), once(late, 'abort')]);
  assert.ok(
    !late.aborted,
    `there was no ${call} number ${nth}:\n${readFileSync(virtual.logFile, 'utf8').slice(-2000)}`,
  );
}

async function goesOnAndEndsRight(laptop: TestLaptop, published: Published): Promise<void> {
  await laptop.virtual.start();
  for (let look = 0; ; look++) {
    const { state, stagedVersion, lastError } = await laptop.status();
    if (state === 'ready' && stagedVersion === 7) break;
    assert.ok(state !== 'failed' && look < 300, `${state} ${lastError.message}`);
    await sleep(200);
  }
  laptop.assertTree(published, 7);
  laptop.assertTree(published, 6);
  const { sysroot } = laptop.virtual;
  const names = readdirSync(join(sysroot, 'rootfs')).sort();
  assert.deepEqual(names, ['boot', 'config.1', 'current', 'previous', 'xo.6', 'xo.7']);
  assert.equal(keptBytes(laptop), NOTES_BYTES, 'nothing is left of the downloads but the notes');
  assert.equal(JSON.parse(readFileSync(join(sysroot, 'ripple/state.json'), 'utf8')).goal, 0, 'nothing is left to do');
}

test('killed at fifty points, it goes on each time, fetches nothing twice, and ends right', async (t) => {
  const folder = tempFolder(t, 'sigkill');
  const trees = makeSeededTrees(folder, 1, CLASSROOM_SIZE);
  const published = await publishTrees(folder, [
    [6, trees.older],
    [7, trees.newer],
  ]);
  const cache = join(folder, 'laptop/sysroot/ripple/blobs');
  const again: string[] = [];
  const content = new WatchedContent(new FolderContent(published.repository), BYTES_PER_MS, (sha256, from) => {
    if (existsSync(join(cache, sha256))) again.push(`${sha256} is whole on the disk`);
    const part = statSync(join(cache, `${sha256}.part`), { throwIfNoEntry: false })?.size ?? 0;
    if (part !== from) again.push(`${sha256} from ${from}, but ${part} are on the disk`);
  });
  const server = await serve(t, published.repository, { content });
  /** Bytes of blobs that were handed to the network. */
  const givenBytes = (): number => server.givenBytes() - content.documentBytes;
  const options = { published, config: { origins: [server.url] } };
  const laptop = await TestLaptop.make(t, { ...options, folder: join(folder, 'laptop') });
  const wantedBytes = updateBytes(published);
  const keptBefore = keptBytes(laptop);
  let [kills, lostBytes] = [0, 0];

  // Asked for before anything is known of version 7: the first kill comes at the first question.
  await laptop.virtual.start();
  for (; kills < FETCH_KILLS; kills++) {
    const kept = keptBytes(laptop) - keptBefore;
    const reached = content.reached((wantedBytes * kills) / FETCH_KILLS - kept);
    if (kills === 0) await laptop.ok('get', '7', '--no-wait');
    else await laptop.virtual.start();
    await reached;
    await laptop.virtual.stop('SIGKILL');
    // The server hears of it when the connections close; what it gives until then goes nowhere.
    for (let seen = -1; seen !== givenBytes(); await sleep(50)) seen = givenBytes();
    const came = keptBytes(laptop) - keptBefore;
    const lost = givenBytes() - came - lostBytes;
    assert.ok(came >= kept, `kill ${kills}: of ${kept} bytes only ${came} are left`);
    assert.ok(lost >= 0 && lost <= MOST_LOST_BYTES, `kill ${kills}: ${lost} bytes were given and are not in a file`);
    lostBytes += lost;
  }

  const files = parseManifest(readFileSync(manifestOf(published, 7))).filter(({ type }) => type === 'file').length;
  for (const share of STAGING_KILLS) {
    await killAtCall(laptop, 'link', Math.max(1, Math.floor(files * share)));
    kills += 1;
  }
  const partial = join(laptop.virtual.sysroot, 'rootfs/xo.7.partial');
  await killAtCall(laptop, 'rename', 1, partial);
  // The next start takes away what is left of it; also there it may die.
  await killAtCall(laptop, 'unlink', Math.floor(files / 2));
  kills += 2;
  const left = Number(execFileSync('sh', ['-c', `find '${partial}' -type f | wc -l`], { encoding: 'utf8' }));
  assert.ok(left > 0 && left < files);

  // The last instants, each on a copy of the laptop: once the tree has its name, it has it.
  const rootfs = (copy: TestLaptop): string => join(copy.virtual.sysroot, 'rootfs');
  const state = (copy: TestLaptop): string => join(copy.virtual.sysroot, 'ripple/state.json.new');
  const instants: readonly (readonly [string, (copy: TestLaptop) => Promise<void>])[] = [
    ['the name is not flushed', (copy) => killAtCall(copy, 'fsync', 2, rootfs(copy))],
    ['the first blob leaves the cache', (copy) => killAtCall(copy, 'unlink', left + 1)],
    ['half of them left', (copy) => killAtCall(copy, 'unlink', left + 250)],
    ['nearly all of them left', (copy) => killAtCall(copy, 'unlink', left + 500)],
    ['the end is being written down', (copy) => killAtCall(copy, 'rename', 1, state(copy))],
    ['the end is not flushed', (copy) => killAtCall(copy, 'fsync', 1, join(copy.virtual.sysroot, 'ripple'))],
  ];
  for (const [index, [what, kill]] of instants.entries()) {
    const at = join(folder, `copy-${index}`);
    execFileSync('cp', ['-a', laptop.virtual.folder, at]);
    const copy = await TestLaptop.empty(t, { ...options, folder: at });
    await kill(copy);
    kills += 1;
    t.diagnostic(`killed when ${what}`);
    await goesOnAndEndsRight(copy, published);
    await copy.virtual.stop();
  }

  await goesOnAndEndsRight(laptop, published);
  assert.equal(kills, 50);
  t.diagnostic(
    `${kills} kills: update of ${wantedBytes} bytes, given ${givenBytes()}, of which ${lostBytes} were on their way at a kill`,
  );
  assert.deepEqual(again, [], 'each question begins where the disk ends');
  assert.equal(givenBytes(), wantedBytes + lostBytes, 'no byte that was on the disk was fetched again');

  await laptop.ok('accept', '7');
  await laptop.virtual.restart();
  assert.equal((await laptop.status()).bootedVersion, 7);
  assert.match(await laptop.ok('verify'), / 0 differ/);
});
