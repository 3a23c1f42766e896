import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import { BUNDLE_MAGIC, CHECK_BYTES, leb128, MAX_FURTHER_BYTES } from '../../../service/delta/bundle/format.ts';
import { decodeBundle, OldFiles } from '../../../service/delta/bundle/index.ts';
import { writeTemplate } from '../../../service/delta/bundle/template.ts';
import { baseOf, encodeSolid, type Source } from '../../../service/delta/ripdiff/index.ts';
import { edited } from '../../helpers/edited.ts';
import { gzipped, prose } from '../../helpers/packed.ts';
import { seeded } from '../../helpers/random.ts';
import { laterProgram, linked, randomProgram } from '../../helpers/small-elf.ts';
import {
  BUNDLE_LIMITS,
  basesFrom,
  bundleBetween,
  type FileInMemory,
  treeInMemory,
  unbundle,
} from '../../helpers/tree-in-memory.ts';

type Files = Readonly<Record<string, FileInMemory | Uint8Array>>;

function tree(files: Files, time: number) {
  const timed = Object.entries(files).map(([name, file]) => [name, 'bytes' in file ? file : { bytes: file, time }]);
  return treeInMemory(Object.fromEntries(timed));
}

/** Bytes of the bundle, which gives everything back. */
function cost(before: Files, after: Files): number {
  const [a, b] = [tree(before, 1), tree(after, 2)];
  const bundle = bundleBetween(a, b);
  for (const [sha256, bytes] of unbundle(a, b, bundle)) assert.ok(bytes.equals(b.read(sha256)), sha256);
  return bundle.length;
}

const random = seeded(21);
const noise = (bytes: number): Buffer => random.bytes(bytes);

test('what several new files have in common is sent once, whatever each had before', () => {
  const shared = noise(12_000);
  const [one, other] = [noise(6_000), noise(6_000)];
  const with_ = (own: Buffer, edits: number): Buffer => Buffer.concat([own, edited(random, shared, edits)]);
  const alone = cost({ 'bin/a': one }, { 'bin/a': with_(one, 0) });
  assert.ok(alone > 12_000);
  // The second one has what is its own from its old file, and the rest from the first.
  const both = cost({ 'bin/a': one, 'bin/b': other }, { 'bin/a': with_(one, 0), 'bin/b': with_(other, 3) });
  assert.ok(both - alone < 500, `${both - alone} bytes for the second`);
  const added = cost({}, { 'bin/a': shared, 'lib/b': with_(Buffer.alloc(0), 3) });
  assert.ok(added - alone < 500, `${added - alone} bytes for a second that is new`);
});

test('a renamed file, in another folder and changed besides, costs little', () => {
  const bytes = noise(30_000);
  const bundle = cost({ 'usr/lib/one': bytes }, { 'opt/quite-another': edited(random, bytes, 3) });
  assert.ok(bundle < 500, `${bundle} bytes`);
});

test('a file that is split costs little, however small the part; so do files that become one', () => {
  const [first, second] = [noise(40_000), noise(6_000)];
  const whole = Buffer.concat([first, second]);
  const split = cost({ 'lib/whole': whole }, { 'lib/whole': first, 'lib/part': edited(random, second, 1) });
  assert.ok(split < 400, `split: ${split} bytes`);
  const gone = cost({ 'lib/whole': whole }, { 'lib/one': second, 'lib/two': first });
  assert.ok(gone < 400, `split and gone: ${gone} bytes`);
  const merged = cost({ 'lib/first': first, 'lib/second': second }, { 'lib/first': whole });
  assert.ok(merged < 400, `merged: ${merged} bytes`);
  const packed = prose(random, 30_000);
  const repacked = cost({ 'doc/a.gz': gzipped(packed) }, { 'doc/all.gz': gzipped(Buffer.concat([packed, packed])) });
  assert.ok(repacked < 400, `packed: ${repacked} bytes`);
});

test('a program that holds code of two others is made from both, with all its references', () => {
  const [left, right] = [randomProgram(random, 80), randomProgram(random, 80)];
  for (const machine of ['x86', 'arm64'] as const) {
    const before = { 'bin/left': linked(left, machine), 'bin/right': linked(right, machine) };
    const rightFirst = right.map(({ body, calls }) => ({
      body,
      calls: calls.map(({ at, to }) => ({ at, to: to + 80 })),
    }));
    const both = linked([...left, ...rightFirst], machine);
    const bundle = cost(before, { 'bin/left': both });
    assert.ok(bundle < both.length / 20, `${machine}: ${bundle} of ${both.length} bytes`);
    // Without the second, its code would have to come.
    const without = cost({ 'bin/left': before['bin/left'] }, { 'bin/left': both });
    assert.ok(bundle * 4 < without, `${machine}: ${bundle} and ${without} bytes`);
  }
});

test('programs that hold the same code at other places are known for alike', () => {
  const shared = randomProgram(random, 120);
  const own = (): ReturnType<typeof randomProgram> => randomProgram(random, 10);
  const [one, other] = [own(), own()].map((first) => {
    const moved = shared.map(({ body, calls }) => ({ body, calls: calls.map(({ at, to }) => ({ at, to: to + 10 })) }));
    return linked([...first, ...moved], 'x86');
  });
  assert.ok(one && other);
  const alone = cost({}, { 'bin/one': one });
  const both = cost({}, { 'bin/one': one, 'bin/other': other });
  assert.ok(both - alone < alone / 4, `${alone} bytes, then ${both - alone}`);
});

test('programs of several machines, and what is none, are made from each other', () => {
  for (let i = 0; i < 6; i++) {
    const program = randomProgram(random, 60);
    const later = laterProgram(random, program, 3);
    const machines = random.pick([['x86', 'arm64'] as const, ['arm64', 'x86'] as const]);
    const [a, b] = [linked(program, machines[0]), linked(later, machines[1])];
    cost({ a, b: noise(5000) }, { a: b, b: edited(random, a, 4), c: Buffer.concat([a, b]), d: linked(later, 'x86') });
  }
});

/** A bundle whose second content says that it is made from `sources`, whatever it is. */
function forged(sources: readonly Source[], usual = false) {
  const [a, b] = [tree({ x: noise(100), y: noise(50) }, 1), tree({ x: noise(100), y: noise(50) }, 2)];
  const old = new OldFiles(a.manifest);
  const { bytes, contents } = writeTemplate(old, b.manifest, (path) => ({
    base: old.atPath(path),
    isLast: false,
  }));
  const head = Buffer.concat([
    Buffer.from(BUNDLE_MAGIC, 'latin1'),
    leb128(contents.length),
    leb128(150),
    ...contents.map(({ sha256 }) => Buffer.from(sha256, 'hex').subarray(0, CHECK_BYTES)),
  ]);
  const hint = { path: '' };
  const stream = encodeSolid([
    { base: baseOf(old.heads), target: bytes, hint },
    { sources: { usual: false, further: [] }, target: b.read(contents[0]?.sha256 ?? ''), hint },
    { sources: { usual, further: sources }, target: b.read(contents[1]?.sha256 ?? ''), hint },
  ]);
  return { a, b, bundle: Buffer.concat([head, stream]) };
}

test('a bundle that names files that are not there, or too many, is refused before any is read', () => {
  const { a, b, bundle } = forged([]);
  assert.equal(unbundle(a, b, bundle).size, 2, 'made from nothing is fine');
  const bad: [string, readonly Source[]][] = [
    ['the template', [{ kind: 'record', record: 0 }]],
    ['itself', [{ kind: 'record', record: 2 }]],
    ['a later one', [{ kind: 'record', record: 9 }]],
    ['no old file', [{ kind: 'old', index: 2 }]],
    ['far from any', [{ kind: 'old', index: 2 ** 40 }]],
    ['too many', Array.from({ length: 5 }, () => ({ kind: 'old', index: 0 }))],
  ];
  for (const [what, sources] of bad) {
    let made: ReturnType<typeof forged>;
    try {
      made = forged(sources);
    } catch (error) {
      // Writer and reader share some of the checks.
      assert.ok(error instanceof RippleError, what);
      continue;
    }
    assert.throws(() => unbundle(made.a, made.b, made.bundle), { code: 'HashMismatch' }, what);
  }
});

test('a content made from more further bytes than a reader holds is refused before they are read', () => {
  const { a, b, bundle } = forged([{ kind: 'old', index: 1 }], true);
  for (const [sizeBytes, isRefused] of [
    [MAX_FURTHER_BYTES, false],
    [MAX_FURTHER_BYTES + 1, true],
  ] as const) {
    let asked = 0;
    const decode = (): unknown =>
      decodeBundle({
        manifestA: Buffer.from(a.manifest.toString().replace(' size=50 ', ` size=${sizeBytes} `)),
        bundle,
        expectedManifest: b.ref,
        ...BUNDLE_LIMITS,
        base: (files) => {
          if (files.length > 1) asked++;
          return basesFrom(a.read, b.read)(files);
        },
        data: () => {},
      });
    assert.throws(decode, RippleError);
    assert.equal(asked, isRefused ? 0 : 1);
  }
});
