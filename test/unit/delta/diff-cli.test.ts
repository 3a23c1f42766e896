import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { debianBspatch } from '../../helpers/debian-diff.ts';
import { edited } from '../../helpers/edited.ts';
import { seeded } from '../../helpers/random.ts';
import { ripple, rippleOk } from '../../helpers/ripple.ts';
import { tempFolder } from '../../helpers/temp.ts';

const OLD = '/bin/ls';
const TARGET = edited(seeded(5), readFileSync(OLD), 20);

test('ripple diff and ripple patch give the new file back, in each format', async (t) => {
  const folder = tempFolder(t);
  const [target, diff, out] = ['target', 'diff', 'out'].map((name) => join(folder, name)) as [string, string, string];
  writeFileSync(target, TARGET);
  const sizes: number[] = [];
  for (const format of [[], ['--format', 'ripple'], ['--format', 'bsdiff40']]) {
    assert.match(await rippleOk(['diff', OLD, target, diff, ...format]), /instead of/);
    const sha256 = createHash('sha256').update(TARGET).digest('hex');
    const printed = JSON.parse(await rippleOk(['patch', OLD, diff, out, '--sha256', sha256, '--json']));
    assert.deepEqual(printed, { sizeBytes: TARGET.length, sha256 });
    assert.ok(readFileSync(out).equals(TARGET));
    sizes.push(statSync(diff).size);
  }
  assert.ok(debianBspatch(readFileSync(OLD), readFileSync(diff)).equals(TARGET));
  assert.equal(sizes[0], sizes[1]);
  assert.ok((sizes[0] ?? 0) < (sizes[2] ?? 0), `${sizes}`);
});

test('a file may be brought forward in place', async (t) => {
  const folder = tempFolder(t);
  const [file, target, diff] = ['file', 'target', 'diff'].map((name) => join(folder, name)) as [string, string, string];
  writeFileSync(file, readFileSync(OLD));
  writeFileSync(target, TARGET);
  await rippleOk(['diff', file, target, diff]);
  await rippleOk(['patch', file, diff, file]);
  assert.ok(readFileSync(file).equals(TARGET));
});

const NEEDS_ROOT = process.getuid?.() === 0 ? {} : { skip: 'another /proc/meminfo needs root' };

test('a packed file that there is no memory to unpack is refused beforehand', NEEDS_ROOT, async (t) => {
  const folder = tempFolder(t);
  const [older, newer, diff, out, meminfo] = ['older', 'newer', 'diff', 'out', 'meminfo'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string, string];
  const text = Buffer.from(seeded(9).bytes(1_400_000).toString('hex'));
  for (const [file, input] of [
    [older, text],
    [newer, edited(seeded(5), text, 20)],
  ] as const)
    writeFileSync(file, execFileSync('xz', ['-1', '-c'], { input, maxBuffer: 1 << 24 }));
  await rippleOk(['diff', older, newer, diff]);
  const patchWith = (available: string) => {
    writeFileSync(meminfo, `MemTotal:        252000 kB\nMemFree:          9000 kB\n${available}`);
    const script = 'mount --bind "$0" /proc/meminfo && exec "$@"';
    return ripple(['patch', older, diff, out], { prefix: ['unshare', '--mount', 'sh', '-c', script, meminfo] });
  };
  const refused = await patchWith('MemAvailable:     20000 kB\n');
  assert.equal(refused.status, 1);
  assert.match(
    refused.stderr,
    /^ripple patch: .*diff: .*takes \d\d MB of memory, and 21 MB are free: close other programs\n$/,
  );
  assert.ok(!existsSync(out));
  for (const enough of ['MemAvailable:    200000 kB\n', '']) {
    const { status, stderr } = await patchWith(enough);
    assert.equal(status, 0, stderr);
    assert.ok(readFileSync(out).equals(readFileSync(newer)));
  }
});

test('each mistake is one line that names the thing', async (t) => {
  const folder = tempFolder(t);
  const out = join(folder, 'out');
  const diff = join(folder, 'diff');
  await rippleOk(['diff', OLD, '/bin/cat', diff]);
  const cases: [string[], number, RegExp][] = [
    [['diff', OLD, '/bin/cat'], 2, /OUT is missing/],
    [['diff', OLD, '/bin/cat', out, '--format', 'xdelta'], 2, /--format must be ripple or bsdiff40, not "xdelta"/],
    [['diff', join(folder, 'gone'), OLD, out], 1, /gone: no such file/],
    [['diff', OLD, folder, out], 1, /not a regular file/],
    [['patch', OLD, OLD, out], 1, /\/bin\/ls: this is no diff/],
    [['patch', OLD, diff, out, '--sha256', 'abc'], 2, /--sha256 must be 64 hex digits/],
    [['patch', OLD, diff, out, '--sha256', '0'.repeat(64)], 1, /expected sha256 0000/],
    [['patch', OLD, diff, join(folder, 'no/where')], 1, /no such folder to write to/],
    [['patch', OLD, diff, '/dev/null'], 1, /\/dev\/null: not a regular file/],
  ];
  for (const [args, status, message] of cases) {
    const ran = await ripple(args);
    assert.equal(ran.status, status, ran.stderr);
    assert.match(ran.stderr, message);
    assert.equal(ran.stderr.trimEnd().split('\n').length, 1, ran.stderr);
  }
  assert.ok(!existsSync(out));
});
