/**
 * Death, a disk that fails, and a disk that is full, at every call by which a fetch changes the disk: nothing wrong ever
 * has the name of a blob, it ends well only if all is here, and the next process goes on from what is there.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { randomBlobs, repositoryOf, serve } from '../helpers/blobs.ts';
import { tempFolder } from '../helpers/temp.ts';

const CHILD = fileURLToPath(new URL('../helpers/fetch-child.js', import.meta.url));
/** As strace(1) names them; the question mark: not every architecture has each. `write` also writes to sockets. */
const KINDS = [
  { name: 'write', calls: 'write,?pwrite64', isForAnyFile: true },
  { name: 'truncate', calls: '?ftruncate', isForAnyFile: false },
  { name: 'rename', calls: '?rename,?renameat,?renameat2', isForAnyFile: false },
  { name: 'unlink', calls: '?unlink,?unlinkat', isForAnyFile: false },
] as const;
const FAULTS = ['signal=KILL', 'error=EIO', 'error=ENOSPC'];

interface Ran {
  readonly ended: boolean;
  readonly stderr: string;
}

function run(command: string, args: readonly string[]): Promise<Ran> {
  // strace counts by thread, so there is one for all that does not run on the main one.
  const child = spawn(command, args, { env: { ...process.env, UV_THREADPOOL_SIZE: '1' } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ ended: status === 0 && /^result /m.test(stdout), stderr }));
  });
}

test('whatever call of a fetch fails, no blob is wrong and the next process ends it', async (t) => {
  const folder = tempFolder(t, 'fetch-faults');
  const [cache, before] = [join(folder, 'cache'), join(folder, 'before')];
  const blobs = [...randomBlobs(2, 200_000), ...randomBlobs(4, 5_000)];
  const server = await serve(t, repositoryOf(t, blobs));
  const wanted = join(folder, 'wanted.json');
  writeFileSync(wanted, JSON.stringify(blobs.map(({ ref }) => ref)));
  // Of an earlier process: a part to go on from, and one that has its name but not its bytes.
  const [part, , , wrong] = blobs;
  assert.ok(part && wrong);
  mkdirSync(before);
  writeFileSync(join(before, `${part.ref.sha256}.part`), part.bytes.subarray(0, 70_000));
  writeFileSync(join(before, wrong.ref.sha256), Buffer.alloc(5_000));
  const fresh = (): void => {
    rmSync(cache, { recursive: true, force: true });
    cpSync(before, cache, { recursive: true });
  };
  const child = [process.execPath, CHILD, server.url, cache, wanted];
  const files = blobs.flatMap(({ ref }) => [join(cache, ref.sha256), join(cache, `${ref.sha256}.part`)]);
  const strace = ({ calls, isForAnyFile }: (typeof KINDS)[number], more: readonly string[]): Promise<Ran> => {
    const only = isForAnyFile ? files.flatMap((file) => ['-P', file]) : [];
    return run('strace', ['-f', '-qq', '-y', '-e', `trace=${calls}`, ...only, ...more, ...child]);
  };

  const tally = new Map<string, number>();
  for (const kind of KINDS) {
    fresh();
    const log = join(folder, 'calls');
    assert.ok((await strace(kind, ['-o', log])).ended);
    const calls = readFileSync(log, 'utf8').split('\n').length - 1;
    assert.ok(calls > 0, `no ${kind.name} at all`);
    for (const fault of FAULTS)
      for (let nth = 1; nth <= calls; nth++) {
        fresh();
        const at = `${fault} at ${kind.name} number ${nth} of ${calls}`;
        const ran = await strace(kind, ['-o', '/dev/null', '-e', `inject=${kind.calls}:${fault}:when=${nth}`]);
        if (fault === 'error=ENOSPC' && kind.name === 'write') assert.match(ran.stderr, /NoSpace/, at);
        if (ran.ended) assert.equal(readdirSync(cache).length, blobs.length, `${at}: it said that all is here`);
        const again = await run(process.execPath, child.slice(1));
        assert.ok(again.ended, `${at}: ${again.stderr}`);
        assert.deepEqual(readdirSync(cache).sort(), blobs.map(({ ref }) => ref.sha256).sort(), at);
        for (const { ref, bytes } of blobs) assert.ok(readFileSync(join(cache, ref.sha256)).equals(bytes), at);
        tally.set(fault, (tally.get(fault) ?? 0) + 1);
      }
  }
  t.diagnostic([...tally].map(([fault, count]) => `${count} × ${fault}`).join(', '));
});
