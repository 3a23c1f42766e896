import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FetchResult } from '../../service/fetch/swarm.ts';
import { randomBlobs, repositoryOf, serve } from '../helpers/blobs.ts';
import { tempFolder } from '../helpers/temp.ts';

const CHILD = fileURLToPath(new URL('../helpers/fetch-child.js', import.meta.url));

/** Runs the fetching process; killed without warning once it has so many bytes. */
function runChild(t: TestContext, args: readonly string[], killAtBytes?: number): Promise<FetchResult | undefined> {
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    const done = Number([...output.matchAll(/done ([0-9]+)\n/g)].at(-1)?.[1] ?? 0);
    if (killAtBytes !== undefined && done >= killAtBytes) child.kill('SIGKILL');
  });
  return new Promise((resolve) => {
    child.on('close', () => {
      const json = /result (.*)\n/.exec(output)?.[1];
      resolve(json === undefined ? undefined : JSON.parse(json));
    });
  });
}

test('killed in the middle, a new process goes on and fetches no byte twice that was on the disk', async (t) => {
  const blobs = [...randomBlobs(2, 6_000_000), ...randomBlobs(100, 30_000)];
  const total = blobs.reduce((sum, { ref }) => sum + ref.sizeBytes, 0);
  const server = await serve(t, repositoryOf(t, blobs), { rateBytesPerSecond: 8_000_000 });
  const folder = tempFolder(t, 'cache');
  const wanted = join(tempFolder(t), 'wanted.json');
  writeFileSync(wanted, JSON.stringify(blobs.map(({ ref }) => ref)));
  const args = [server.url, folder, wanted];

  assert.equal(await runChild(t, args, 3_000_000), undefined, 'it was killed before the end');
  const onDisk = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  assert.ok(onDisk >= 3_000_000 && onDisk < total, `${onDisk} of ${total}`);

  const result = await runChild(t, args);
  assert.ok(result);
  assert.equal(result.resumedBytes, onDisk);
  assert.equal(result.fetchedBytes, total - onDisk);
  for (const { ref, bytes } of blobs) assert.ok(readFileSync(join(folder, ref.sha256)).equals(bytes));
});

test('what a power cut left of unsynced files is not believed', async (t) => {
  const blobs = [...randomBlobs(1, 500_000), ...randomBlobs(3, 20_000)];
  const server = await serve(t, repositoryOf(t, blobs));
  const folder = tempFolder(t, 'cache');
  const wanted = join(tempFolder(t), 'wanted.json');
  writeFileSync(wanted, JSON.stringify(blobs.map(({ ref }) => ref)));
  const [big, whole, zeros, short] = blobs;
  assert.ok(big && whole && zeros && short);
  writeFileSync(join(folder, `${big.ref.sha256}.part`), Buffer.alloc(200_000));
  writeFileSync(join(folder, whole.ref.sha256), whole.bytes);
  writeFileSync(join(folder, zeros.ref.sha256), Buffer.alloc(20_000));
  writeFileSync(join(folder, short.ref.sha256), '');
  const result = await runChild(t, [server.url, folder, wanted]);
  assert.ok(result);
  for (const { ref, bytes } of blobs) assert.ok(readFileSync(join(folder, ref.sha256)).equals(bytes));
  // The big one twice: its tail onto the zeros, then whole.
  assert.equal(server.givenBytes(), 300_000 + 500_000 + 2 * 20_000);
});
