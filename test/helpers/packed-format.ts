/** What must hold for every format whose streams are taken apart, with the files that Debian's own program makes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RippleError } from '../../service/api/errors.ts';
import { BlockList } from '../../service/delta/blocks.ts';
import { memorySource } from '../../service/delta/byte-source.ts';
import { NO_BASE } from '../../service/delta/ripdiff/base.ts';
import { decodeDiff, encodeDiff } from '../../service/delta/ripdiff/index.ts';
import { ContentMap } from '../../service/delta/ripdiff/parse/content-map.ts';
import { type PackedFormat, planPacked } from '../../service/delta/ripdiff/parse/packed-files.ts';
import { Parse } from '../../service/delta/ripdiff/parse/parse.ts';
import { CostCounter } from '../../service/delta/ripdiff/range-coder.ts';
import { edited } from './edited.ts';
import { mutated } from './mutated.ts';
import { prose } from './packed.ts';
import { seeded } from './random.ts';

export const PROGRAM = readFileSync('/bin/ls');
export const INPUTS: Readonly<Record<string, Buffer>> = {
  'one byte': Buffer.from('a'),
  'a long run': Buffer.alloc(3 << 20, 7),
  noise: seeded(1).bytes(150_000),
  prose: prose(seeded(2), 200_000),
  'a program': PROGRAM,
  'noise, then prose, then noise': Buffer.concat([
    seeded(3).bytes(140_000),
    prose(seeded(4), 90_000),
    seeded(6).bytes(70_000),
  ]),
};

export interface TestedFormat<Stream> {
  readonly name: string;
  readonly format: PackedFormat<Stream>;
  readonly pack: (bytes: Uint8Array, ...options: string[]) => Buffer;
  readonly settings: readonly (readonly string[])[];
  readonly inputs: Readonly<Record<string, Buffer>>;
  /** Whether content is changed before it is packed, so that it comes out otherwise. */
  readonly isFiltered?: (options: readonly string[]) => boolean;
  /** A program with three edits costs so much of its packed bytes at most. */
  readonly editedShare: number;
  /** For a small file of more than one block. */
  readonly manyBlocks: readonly string[];
  /** Bytes at the end of a file without which its last stream is not whole. */
  readonly endBytes: number;
}

/** And what it cost to say how, in bytes. */
export function packedAgain<Stream>(
  { unpack, codec }: PackedFormat<Stream>,
  file: Buffer,
): { readonly file: Buffer; readonly cost: number } {
  const given = { ...unpack([file]), endsAsUsual: true };
  const counter = new CostCounter();
  const map = new ContentMap(new BlockList());
  const again = codec().code(counter, new Uint8Array(given.form), map, new Parse(), file.length, given);
  return { file: Buffer.from(again), cost: counter.cost / 8 };
}

export function made(old: Uint8Array, diff: Uint8Array, maxNewBytes = 1 << 24): Buffer {
  const parts: Buffer[] = [];
  decodeDiff(old, memorySource(diff), (bytes) => parts.push(Buffer.from(bytes)), { maxNewBytes });
  return Buffer.concat(parts);
}

/** Each pair with the bytes that its difference may have. */
export function assertDiffs(pairs: Readonly<Record<string, readonly [Buffer, Buffer, number]>>): void {
  for (const [name, [old, target, most]] of Object.entries(pairs)) {
    const diff = encodeDiff(old, target);
    assert.ok(made(old, diff).equals(target), name);
    assert.ok(diff.length < most, `${name}: ${diff.length} bytes`);
  }
}

export function testFormat<Stream>(tested: TestedFormat<Stream>): void {
  const { name: packer, format, pack, settings, inputs, isFiltered, editedShare, manyBlocks, endBytes } = tested;
  for (const options of settings)
    test(`what ${packer} ${options.join(' ')} packs is unpacked, and packed again from its parse, bit for bit`, () => {
      for (const [name, bytes] of Object.entries(inputs)) {
        const file = pack(bytes, ...options);
        const { form, streams } = format.unpack([file]);
        assert.equal(streams[0]?.length, 1, name);
        assert.equal(form.length, bytes.length, name);
        if (!isFiltered?.(options)) assert.ok(bytes.equals(form), name);
        assert.ok(file.equals(packedAgain(format, file).file), name);
      }
    });

  test('a program that changed a little costs little in whatever settings it was packed', () => {
    const later = edited(seeded(3), PROGRAM, 3);
    assertDiffs(
      Object.fromEntries(
        settings.map((options) => {
          const target = pack(later, ...options);
          return [options.join(' '), [pack(PROGRAM, ...options), target, target.length * editedShare]];
        }),
      ),
    );
  });

  test('a damaged stream is not taken apart, and no damage makes anything but a clean answer', () => {
    const random = seeded(9);
    const good = [pack(prose(random, 4000)), pack(PROGRAM.subarray(0, 9000), ...manyBlocks)];
    const cut = good[0]?.subarray(0, -endBytes) ?? Buffer.alloc(0);
    assert.ok(cut.equals(format.unpack([cut]).form));
    assert.equal(planPacked(format, NO_BASE, cut), undefined);
    assert.ok(made(Buffer.alloc(0), encodeDiff(Buffer.alloc(0), cut)).equals(cut));
    let [apart, asIs] = [0, 0];
    for (let i = 0; i < 3000; i++) {
      const file = mutated(random, good);
      const { form, streams } = format.unpack([file]);
      if (streams[0]?.length === 0) {
        assert.ok(file.equals(form), `case ${i}`);
        asIs++;
      } else if (planPacked(format, NO_BASE, file)) apart++;
    }
    assert.ok(apart > 0 && asIs > 0, `${apart} were still whole, ${asIs} held no stream any more`);
  });

  test('a damaged diff of packed files ends in a clean error, or within its bounds', () => {
    const random = seeded(10);
    const text = prose(random, 6000);
    const [old, target] = [pack(text, ...manyBlocks), pack(edited(random, text, 4), ...manyBlocks)];
    const diff = Buffer.from(encodeDiff(old, target));
    assert.ok(diff.length < target.length / 3, 'it is taken apart');
    for (let i = 0; i < 3000; i++) {
      try {
        assert.ok(made(old, mutated(random, [diff]), target.length).length <= target.length);
      } catch (error) {
        assert.ok(error instanceof RippleError, `case ${i}: ${error instanceof Error ? error.stack : error}`);
      }
    }
    assert.throws(() => made(old, diff, target.length - 1), /makes more than/);
  });

  test('what unpacks to very much is left as it is', () => {
    const zeros = (bytes: number): Buffer => pack(Buffer.alloc(bytes));
    assert.equal(format.unpack([zeros(7 << 20)]).form.length, 7 << 20);
    const large = zeros(9 << 20);
    assert.ok(large.equals(format.unpack([large]).form));
  });
}
