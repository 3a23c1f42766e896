import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ByteString, Entry, FileEntry } from '../../../service/core/entry.ts';
import { formatManifest, type ManifestLimits, parseManifest } from '../../../service/image/manifest.ts';
import { decodePath, encodePath } from '../../../service/image/mtree-path.ts';
import { setTimes } from '../../../service/sys/libc.ts';
import { type Random, seeded } from '../../helpers/random.ts';
import { tempFolder } from '../../helpers/temp.ts';

const TIME = '1700000000.000000001';
const COMMON = `mode=0755 uid=0 gid=0 time=${TIME}`;
const ROOT = `. type=dir ${COMMON}`;
const HASH = 'a'.repeat(64);
const FILE = `type=file ${COMMON} size=3 sha256=${HASH}`;

const parse = (lines: readonly string[], limits?: Partial<ManifestLimits>): Entry[] =>
  parseManifest(Buffer.from(`${['#mtree v2.0', ...lines].join('\n')}\n`, 'latin1'), limits);

function refused(lines: readonly string[], message: RegExp, limits?: Partial<ManifestLimits>): void {
  assert.throws(() => parse(lines, limits), { code: 'InvalidArgument', message }, lines.join('\n'));
}

test('the manifest of every kind of entry reads as the format says', () => {
  const base = { mode: 0o755, uid: 0, gid: 4294967294, timeNs: -1n };
  const file: FileEntry = {
    ...base,
    path: './ping',
    type: 'file',
    mode: 0o4755,
    sizeBytes: 3,
    sha256: HASH,
    sparse: true,
    xattrs: [
      { name: 'user.b', value: Buffer.alloc(0) },
      { name: 'security.capability', value: Buffer.from([1, 0]) },
    ],
  };
  const text = formatManifest([
    file,
    { ...file, path: './ping2', hardLinkOf: './ping' },
    { ...base, path: '.', type: 'dir', mode: 0 },
    { ...base, path: './null', type: 'char', device: 0x103 },
    { ...base, path: './disk', type: 'block', device: 0x801 },
    { ...base, path: './fifo', type: 'fifo' },
    { ...base, path: './a link\n', type: 'link', target: '../usr/caf\xe9 #' },
  ]).toString('latin1');
  const rest = 'uid=0 gid=4294967294 time=-1.999999999';
  const xattrs = ['#ripple: xattr=security.capability:AQA=', '#ripple: xattr=user.b:'];
  assert.equal(
    text,
    [
      '#mtree v2.0',
      `. type=dir mode=0000 ${rest}`,
      `./a\\040link\\012 type=link mode=0755 ${rest} link=../usr/caf\\351\\040\\043`,
      `./disk type=block mode=0755 ${rest} device=0x801`,
      `./fifo type=fifo mode=0755 ${rest}`,
      `./null type=char mode=0755 ${rest} device=0x103`,
      '#ripple: sparse',
      ...xattrs,
      `./ping type=file mode=04755 ${rest} size=3 sha256=${HASH}`,
      '#ripple: hardlink=./ping',
      '#ripple: sparse',
      ...xattrs,
      `./ping2 type=file mode=04755 ${rest} size=3 sha256=${HASH}`,
      '',
    ].join('\n'),
  );
});

function randomName(random: Random): ByteString {
  const length = 1 + random.integer(6);
  const name = random.bytes(length).toString('latin1').replace(/[/\0]/g, '-');
  return name === '.' || name === '..' ? 'dot' : name;
}

/** A tree of anything that a manifest can hold, in no order. */
function randomEntries(random: Random): Entry[] {
  const base = () => {
    const names = [...new Set(Array.from({ length: random.integer(3) }, () => `user.${randomName(random)}`))].sort();
    return {
      mode: random.integer(0o10000),
      uid: random.integer(2 ** 32 - 1),
      gid: random.integer(2 ** 32 - 1),
      timeNs: BigInt(random.integer(2 ** 32)) * 1_000_000_007n - 10n ** 18n,
      ...(names.length > 0 && { xattrs: names.map((name) => ({ name, value: random.bytes(random.integer(40)) })) }),
    };
  };
  const folders: [ByteString, ...ByteString[]] = ['.'];
  const entries = new Map<ByteString, Entry>([['.', { ...base(), path: '.', type: 'dir' }]]);
  for (let i = 0; i < 60; i++) {
    const path = `${random.pick(folders)}/${randomName(random)}`;
    if (entries.has(path)) continue;
    const type = random.pick(['file', 'hardlink', 'dir', 'link', 'fifo', 'char', 'block']);
    const first = [...entries.values()].find(
      (entry) => entry.type === 'file' && entry.path < path && !entry.hardLinkOf,
    );
    if (type === 'dir') {
      folders.push(path);
      entries.set(path, { ...base(), path, type });
    } else if (type === 'link') entries.set(path, { ...base(), path, type, target: randomName(random) });
    else if (type === 'char' || type === 'block')
      entries.set(path, { ...base(), path, type, device: random.integer(2 ** 32) });
    else if (type === 'fifo') entries.set(path, { ...base(), path, type });
    else if (type === 'hardlink' && first?.type === 'file')
      entries.set(path, { ...first, path, hardLinkOf: first.path });
    else {
      const sha256 = random.bytes(32).toString('hex');
      const sizeBytes = random.integer(2 ** 48);
      entries.set(path, {
        ...base(),
        path,
        type: 'file',
        sizeBytes,
        sha256,
        ...(random.integer(2) && { sparse: true }),
      });
    }
  }
  return [...entries.values()].sort(() => random.integer(3) - 1);
}

test('format → parse → format gives the same bytes, and parse the same entries, for any tree in any order', () => {
  for (let seed = 0; seed < 200; seed++) {
    const entries = randomEntries(seeded(seed));
    const bytes = formatManifest(entries);
    const parsed = parseManifest(bytes);
    assert.deepEqual(formatManifest(parsed), bytes, `seed ${seed}`);
    const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
    assert.deepEqual(parsed, sorted, `seed ${seed}`);
  }
});

test('a broken manifest gives InvalidArgument and nothing else, whatever is broken', () => {
  let refusals = 0;
  for (let seed = 0; seed < 1500; seed++) {
    const random = seeded(seed);
    const bytes = Buffer.from(formatManifest(randomEntries(seeded(seed % 20))));
    const at = random.integer(bytes.length);
    const other = random.integer(bytes.length);
    const mutations: [() => Buffer, ...(() => Buffer)[]] = [
      () => bytes.fill(random.integer(256), at, at + 1),
      () => bytes.subarray(0, at),
      () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(other)]),
      () => Buffer.concat([bytes.subarray(0, at), random.bytes(8), bytes.subarray(at)]),
      () => Buffer.concat([bytes, bytes.subarray(at)]),
      () => random.bytes(200),
    ];
    try {
      parseManifest(random.pick(mutations)());
    } catch (error) {
      assert.ok(
        error instanceof Error && 'code' in error && error.code === 'InvalidArgument',
        `seed ${seed}: ${error}`,
      );
      assert.doesNotMatch(error.message, /\n/, `seed ${seed}`);
      refusals++;
    }
  }
  assert.ok(refusals > 1000);
});

test('plain comments and blank lines are ignored', () => {
  assert.deepEqual(parse(['# hello', '', ROOT, '#ripples', `./x ${FILE}`]).length, 2);
});

test('unknown words are errors that name line and word', () => {
  refused([ROOT, `./x ${FILE} flags=none`], /^manifest line 3: unknown keyword "flags"$/);
  refused([ROOT, `./x ${FILE} optional`], /^manifest line 3: unknown keyword "optional"$/);
  refused([ROOT, '#ripple: verity=1', `./x ${FILE}`], /^manifest line 3: unknown #ripple: keyword "verity"$/);
  refused([ROOT, '#ripple:sparse', `./x ${FILE}`], /^manifest line 3: unknown #ripple: keyword/);
  refused(['/set uid=0', ROOT], /^manifest line 2: unknown keyword|is missing|type/);
});

test('no path leads out of the tree, through a link, or to two entries', () => {
  for (const path of ['..', '/etc', 'etc', './', './/x', './.', './..', './../x', './x/', './a\\000b', '.\\057x\\057'])
    refused([ROOT, `${path} ${FILE}`], /^manifest line 3: /);
  refused([ROOT, `./a type=link ${COMMON} link=/etc`, `./a/passwd ${FILE}`], /line 4: .*in no directory/);
  refused([ROOT, `./a ${FILE}`, `./a/b ${FILE}`], /line 4: .*in no directory/);
  refused([ROOT, `./a/b ${FILE}`], /line 3: .*in no directory/);
  refused([ROOT, `./a ${FILE}`, `./a ${FILE}`], /line 4: .*twice or out of order/);
  refused([ROOT, `./b ${FILE}`, `./a ${FILE}`], /line 4: .*twice or out of order/);
  refused([ROOT, `./b ${FILE}`, `./\\141 ${FILE}`], /line 4: .*twice or out of order/);
  refused([ROOT, ROOT], /line 3: /);
  refused([`./a ${FILE}`], /line 2: the first entry must be/);
  refused([`. ${FILE}`], /line 2: the first entry must be/);
  refused([ROOT, `./${'n'.repeat(256)} ${FILE}`], /component that is not allowed/);
});

test('what is missing, double, out of range or of the wrong kind is refused', () => {
  const variants: readonly (readonly [string, string, RegExp])[] = [
    ['mode=0755', 'mode=10000', /mode/],
    ['mode=0755', 'mode=0888', /mode/],
    ['mode=0755', 'mode=-1', /mode/],
    ['mode=0755', 'mode=', /mode/],
    ['mode=0755 ', '', /mode is missing/],
    ['mode=0755', 'mode=0755 mode=0755', /mode twice/],
    ['uid=0', 'uid=4294967295', /uid/],
    ['gid=0', 'gid=1e3', /gid/],
    ['gid=0', 'gid=00', /gid/],
    [TIME, '1.5', /time/],
    [TIME, '-0.500000000', /time/],
    [TIME, '1.0000000000', /time/],
    ['size=3', 'size=9007199254740992', /size/],
    ['size=3', 'size=-1', /size/],
    [HASH, HASH.slice(1), /sha256/],
    [HASH, HASH.toUpperCase(), /sha256/],
    ['type=file', 'type=socket', /type/],
    ['type=file', 'type=toString', /type/],
    ['type=file', 'type=dir', /does not belong to type=dir/],
    [' uid', '  uid', /unknown keyword ""/],
  ];
  for (const [from, to, message] of variants) refused([ROOT, `./x ${FILE}`.replace(from, to)], message);
  refused([ROOT, `./x type=char ${COMMON} device=0x100000000`], /device/);
  refused([ROOT, `./x type=link ${COMMON} link=`], /link/);
  refused([ROOT, `./x type=link ${COMMON} link=a\\000`], /link/);
  refused([ROOT, `./x type=link ${COMMON} link=${'a'.repeat(4096)}`], /link/);
});

test('hard links name an earlier file that is the same in everything', () => {
  const first = `./a ${FILE}`;
  const link = '#ripple: hardlink=./a';
  assert.equal(parse([ROOT, first, link, `./b ${FILE}`]).length, 3);
  for (const [from, to] of [
    ['0755', '0754'],
    ['uid=0', 'uid=1'],
    ['gid=0', 'gid=1'],
    [TIME, '1700000000.000000002'],
    ['size=3', 'size=4'],
    [HASH, 'b'.repeat(64)],
  ] as const)
    refused([ROOT, first, link, `./b ${FILE}`.replace(from, to)], /line 5: hardlink "\.\/a" names a file that differs/);
  refused([ROOT, first, link, '#ripple: sparse', `./b ${FILE}`], /differs/);
  refused([ROOT, first, link, '#ripple: xattr=user.a:', `./b ${FILE}`], /differs/);
  refused([ROOT, link, first], /names no file/);
  refused([ROOT, '#ripple: hardlink=.', first], /names no file/);
  refused([ROOT, first, link, `./b ${FILE}`, '#ripple: hardlink=./b', `./c ${FILE}`], /names no file/);
  refused([ROOT, link, `./b type=fifo ${COMMON}`], /hardlink does not belong to type=fifo/);
});

test('#ripple: lines stand once, in order, and before an entry', () => {
  const x = `./x ${FILE}`;
  refused([ROOT, x, '#ripple: sparse'], /without an entry/);
  refused([ROOT, '#ripple: sparse', '#ripple: sparse', x], /sparse/);
  refused([ROOT, '#ripple: xattr=user.a:', '#ripple: sparse', x], /sparse/);
  refused([ROOT, '#ripple: sparse', '#ripple: hardlink=./a', x], /hardlink/);
  refused([ROOT, '#ripple: xattr=user.b:', '#ripple: xattr=user.a:', x], /out of order/);
  refused([ROOT, '#ripple: xattr=user.a:', '#ripple: xattr=user.a:', x], /twice/);
  for (const value of [
    'user.a',
    ':',
    'user.a:A',
    'user.a:AB==',
    'user.a:AA',
    'user.a:-_==',
    'user.a:AA=='.slice(0, -1),
  ])
    refused([ROOT, `#ripple: xattr=${value}`, x], /line 3: xattr/);
});

test('the manifest is bounded in bytes, lines, entries, depth and attributes', () => {
  const x = `./x ${FILE}`;
  refused([ROOT, x], /bytes, at most 40/, { maxBytes: 40 });
  refused([ROOT, x], /longer than/, { maxLineBytes: 80 });
  refused([ROOT, x], /more than 1 entries/, { maxEntries: 1 });
  refused([ROOT, `./a type=dir ${COMMON}`, `./a/x ${FILE}`], /folders deep/, { maxDepth: 1 });
  refused([ROOT, '#ripple: xattr=user.a:', '#ripple: xattr=user.b:', x], /xattr/, { maxXattrs: 1 });
  refused([ROOT, '#ripple: xattr=user.a:AAAA', x], /xattr/, { maxXattrBytes: 2 });
});

test('names with the characters of patterns are written so that they match only themselves', () => {
  for (const name of ['*', '\\*', '\\', '\\\\', '[', '[a]', '\\[', '?\n\\', '\\/*', '*/\\/\\?'])
    assert.equal(decodePath(encodePath(name)), name);
  assert.equal(encodePath('./a\\b/[c]'), './a\\134b/\\134\\133c]');
  for (const pattern of ['./\\052', './\\133c]', './\\134\\134\\077', './\\134a\\052', './\\134\\052/\\052'])
    refused([ROOT, `${pattern} ${FILE}`], /line 3: .* is a pattern/);
});

test('a file without its first or last line is refused', () => {
  assert.throws(() => parseManifest(Buffer.alloc(0)), { code: 'InvalidArgument' });
  assert.throws(() => parseManifest(Buffer.from(`${ROOT}\n`)), { code: 'InvalidArgument' });
  assert.throws(() => parseManifest(Buffer.from('#mtree v2.0\n')), { code: 'InvalidArgument' });
  assert.throws(() => parseManifest(Buffer.from(`#mtree v2.0\n${ROOT}`)), { code: 'InvalidArgument' });
});

test('a stock mtree reads every byte in names and link targets as we wrote it', (t) => {
  const folder = tempFolder(t);
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const at = (path: ByteString): Buffer => Buffer.from(`${folder}/${path}`, 'latin1');
  const entries: Entry[] = [];
  const add = (path: ByteString, rest: { type: 'dir' } | { type: 'link'; target: ByteString } | FileRest): void => {
    setTimes(at(path), -500_000_000n);
    entries.push({ path, mode: rest.type === 'link' ? 0o777 : 0o700, uid, gid, timeNs: -500_000_000n, ...rest });
  };
  type FileRest = Pick<FileEntry, 'type' | 'sizeBytes' | 'sha256'>;
  for (let code = 1; code < 256; code++) {
    const byte = String.fromCharCode(code);
    if (byte === '/') continue;
    for (const name of [`./${byte}x`, `./7${byte}7`, `./[${byte}]`, `./\\${byte}*`]) {
      const content = Buffer.from(`content of ${name}`, 'latin1');
      const sha256 = createHash('sha256').update(content).digest('hex');
      writeFileSync(at(name), content, { mode: 0o700 });
      add(name, { type: 'file', sizeBytes: content.length, sha256 });
    }
    symlinkSync(Buffer.from(`to ${byte}0`, 'latin1'), at(`./link${code}`));
    add(`./link${code}`, { type: 'link', target: `to ${byte}0` });
  }
  for (const name of ['./ d', './ d*', './ d*/\\[', './ d*/\\[/\\', './ d*/\\[/\\/?']) {
    mkdirSync(at(name), { mode: 0o700 });
    entries.push({ path: name, mode: 0o700, uid, gid, timeNs: -500_000_000n, type: 'dir' });
  }
  for (const { path } of entries) setTimes(at(path), -500_000_000n);
  add('.', { type: 'dir' });
  assert.equal(lstatSync(folder).mode & 0o7777, 0o700);
  const manifest = join(tempFolder(t), 'manifest');
  writeFileSync(manifest, formatManifest(entries));
  const judge = spawnSync('mtree', ['-f', manifest, '-p', folder], { encoding: 'latin1' });
  assert.equal((judge.stdout + judge.stderr).slice(0, 1000), '');
  assert.equal(judge.status, 0);

  writeFileSync(at('./7*7'), 'content of ./7+7');
  setTimes(at('./7*7'), -500_000_000n);
  const differs = spawnSync('mtree', ['-f', manifest, '-p', folder], { encoding: 'latin1' });
  assert.match(differs.stdout, /sha256/);
  assert.equal(differs.status, 2);
});
