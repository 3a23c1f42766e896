import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../../service/core/entry.ts';
import { type ManifestLimits, parseManifest } from '../../../service/image/manifest.ts';
import { decodePath, encodePath } from '../../../service/image/mtree-path.ts';

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
