import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { HashMismatchError } from '../../../service/api/errors.ts';
import type { BlobRef } from '../../../service/core/ports.ts';
import { type ApplyRequest, applyDiff, DiffApplier } from '../../../service/delta/apply.ts';
import { FORMAT_NAMES } from '../../../service/delta/format.ts';
import { makeDiff } from '../../../service/delta/make.ts';
import { craftedDiff } from '../../helpers/crafted-diff.ts';
import { edited } from '../../helpers/edited.ts';
import { seeded } from '../../helpers/random.ts';
import { refusedWith } from '../../helpers/refused.ts';
import { tempFolder } from '../../helpers/temp.ts';

const OLD = readFileSync('/bin/ls');
const TARGET = edited(seeded(1), OLD, 30);

function refOf(bytes: Uint8Array): BlobRef {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length };
}

interface Stage {
  readonly folder: string;
  path(name: string): string;
  /** A request that works; the diff is in bsdiff's format. */
  readonly request: ApplyRequest;
}

async function stage(t: TestContext): Promise<Stage> {
  const folder = tempFolder(t);
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('old'), OLD);
  writeFileSync(path('target'), TARGET);
  const diff = await makeDiff({ oldPath: path('old'), newPath: path('target'), format: 'bsdiff40' });
  writeFileSync(path('diff'), diff);
  const request = {
    oldPath: path('old'),
    diffPath: path('diff'),
    target: { path: path('new') },
    expected: refOf(TARGET),
  };
  return { folder, path, request };
}

/** A diff that makes `newBytes` zeros: long enough to be stopped on the way. */
function zeros(newBytes: number): Buffer {
  return craftedDiff({ control: [[0, newBytes, 0]], extra: Buffer.alloc(newBytes), newBytes });
}

test('the new file gets its name when it is right, and nothing else is left', async (t) => {
  const { folder, path, request } = await stage(t);
  for (const format of FORMAT_NAMES) {
    writeFileSync(path('diff'), await makeDiff({ oldPath: path('old'), newPath: path('target'), format }));
    assert.deepEqual(await applyDiff(request), refOf(TARGET));
    assert.ok(readFileSync(path('new')).equals(TARGET), format);
  }
  assert.deepEqual(readdirSync(folder).sort(), ['diff', 'new', 'old', 'target']);
});

test('another old file gives a hash mismatch, and a file of that name stays as it was', async (t) => {
  const { folder, path, request } = await stage(t);
  writeFileSync(path('new'), 'was here');
  const other = Buffer.from(OLD);
  other[5000] = (other[5000] ?? 0) ^ 1;
  writeFileSync(path('old'), other);
  await assert.rejects(applyDiff(request), HashMismatchError);
  assert.equal(readFileSync(path('new'), 'utf8'), 'was here');
  assert.deepEqual(readdirSync(folder).sort(), ['diff', 'new', 'old', 'target']);
});

test('a new file of another size is refused: a longer one before it is written', async (t) => {
  const { folder, request } = await stage(t);
  const { sha256, sizeBytes } = refOf(TARGET);
  await refusedWith('HashMismatch', applyDiff({ ...request, expected: { sha256, sizeBytes: sizeBytes - 1 } }), /most/);
  await refusedWith(
    'HashMismatch',
    applyDiff({ ...request, expected: { sha256, sizeBytes: sizeBytes + 1 } }),
    /expected/,
  );
  assert.deepEqual(readdirSync(folder).sort(), ['diff', 'old', 'target']);
});

test('an open file is written and nothing is named', async (t) => {
  const { folder, path, request } = await stage(t);
  const fd = openSync(path('open'), 'wx+');
  t.after(() => closeSync(fd));
  assert.deepEqual(await applyDiff({ ...request, target: { fd } }), refOf(TARGET));
  assert.ok(readFileSync(path('open')).equals(TARGET));
  assert.deepEqual(readdirSync(folder).sort(), ['diff', 'old', 'open', 'target']);
});

test('stopped on the way, it says so and leaves nothing', async (t) => {
  const { folder, path, request } = await stage(t);
  writeFileSync(path('diff'), zeros(40_000_000));
  const stop = new AbortController();
  const onProgress = (): void => stop.abort();
  await refusedWith('Cancelled', applyDiff({ ...request, expected: {}, signal: stop.signal, onProgress }));
  await refusedWith('Cancelled', applyDiff({ ...request, expected: {}, signal: stop.signal }));
  assert.deepEqual(readdirSync(folder).sort(), ['diff', 'old', 'target']);
});

test('when its time is up it ends in the middle of whatever it does', async (t) => {
  const { folder, path, request } = await stage(t);
  writeFileSync(path('diff'), zeros(40_000_000));
  await refusedWith('HashMismatch', applyDiff({ ...request, expected: {}, timeLimitMs: 1 }), /not done within/);
  assert.deepEqual(readdirSync(folder).sort(), ['diff', 'old', 'target']);
});

test('what is no file, no diff or no place to write is refused by name', async (t) => {
  const { path, request } = await stage(t);
  execFileSync('mkfifo', [path('pipe')]);
  await refusedWith('InvalidArgument', applyDiff({ ...request, diffPath: path('pipe') }), /pipe: not a regular file/);
  await refusedWith('InvalidArgument', applyDiff({ ...request, oldPath: path('gone') }), /gone: no such file/);
  await refusedWith('InvalidArgument', applyDiff({ ...request, diffPath: path('old') }), /old: this is no diff/);
  await refusedWith(
    'InvalidArgument',
    applyDiff({ ...request, target: { path: path('pipe') } }),
    /pipe: not a regular/,
  );
  await refusedWith('InvalidArgument', applyDiff({ ...request, target: { path: path('x/y') } }), /no such folder/);
});

test('a full disk is told as such', async (t) => {
  const { request } = await stage(t);
  const fd = openSync('/dev/full', 'w');
  t.after(() => closeSync(fd));
  await refusedWith('NoSpace', applyDiff({ ...request, target: { fd } }));
});

test('names need not be text', async (t) => {
  const { folder, request } = await stage(t);
  const name = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe, 0x0a])]);
  await applyDiff({ ...request, target: { path: name } });
  assert.ok(readFileSync(name).equals(TARGET));
});

test('one thread does what is asked for in turn, and goes on after a bad one', async (t) => {
  const { path, request } = await stage(t);
  writeFileSync(path('bad'), craftedDiff({ control: [[-1, 0, 0]], newBytes: 5 }));
  const applier = new DiffApplier();
  t.after(() => applier.close());
  const results = await Promise.allSettled([
    applier.apply({ ...request, target: { path: path('one') } }),
    applier.apply({ ...request, diffPath: path('bad') }),
    applier.apply({ ...request, target: { path: path('two') } }),
    applier.apply({ ...request, timeLimitMs: 0 }),
    applier.apply({ ...request, target: { path: path('three') } }),
  ]);
  assert.deepEqual(
    results.map((result) => result.status),
    ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
  );
  for (const name of ['one', 'two', 'three']) assert.ok(readFileSync(path(name)).equals(TARGET), name);
});

test('a large file takes no more memory than a small one', async (t) => {
  const { path } = await stage(t);
  const sizeBytes = 300_000_000;
  truncateSync(path('old'), sizeBytes);
  const differences = Buffer.alloc(sizeBytes);
  writeFileSync(path('diff'), craftedDiff({ control: [[sizeBytes, 0, 0]], differences, newBytes: sizeBytes }));
  const script = `
    import { readFileSync } from 'node:fs';
    const { applyDiff } = await import('${new URL('../../../service/delta/apply.js', import.meta.url)}');
    const [oldPath, diffPath, path] = process.argv.slice(1);
    await applyDiff({ oldPath, diffPath, target: { path }, expected: {} });
    // Not getrusage(2): its peak may be that of the process which this one was forked from.
    console.log(/^VmHWM:\\s*(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);`;
  const args = ['--input-type=module', '-e', script, path('old'), path('diff'), path('new')];
  const mostBytes = Number(execFileSync(process.execPath, args).toString()) * 1024;
  // Half of it is Node itself.
  assert.ok(mostBytes < 120 << 20, `${mostBytes} bytes`);
});

test('a thread does not keep the process alive', async (t) => {
  const { path } = await stage(t);
  const script = `
    const { DiffApplier } = await import('${new URL('../../../service/delta/apply.js', import.meta.url)}');
    const [oldPath, diffPath, path] = process.argv.slice(1);
    await new DiffApplier().apply({ oldPath, diffPath, target: { path }, expected: {} });`;
  const args = ['--input-type=module', '-e', script, path('old'), path('diff'), path('new')];
  execFileSync(process.execPath, args, { timeout: 60_000 });
});
