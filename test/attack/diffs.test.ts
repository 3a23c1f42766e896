import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RippleError } from '../../service/api/errors.ts';
import { memorySource } from '../../service/delta/byte-source.ts';
import { FORMAT_NAMES } from '../../service/delta/format.ts';
import { formatNamed, formatOf } from '../../service/delta/formats.ts';
import { type CraftedDiff, craftedDiff } from '../helpers/crafted-diff.ts';
import { debianBsdiff } from '../helpers/debian-diff.ts';
import { edited, structuredBytes } from '../helpers/edited.ts';
import { mutated } from '../helpers/mutated.ts';
import { gzipped, prose } from '../helpers/packed.ts';
import { type Random, seeded } from '../helpers/random.ts';

// Longer: RIPPLE_FUZZ_CASES=200000 RIPPLE_FUZZ_SEED=7
const CASES = Number(process.env.RIPPLE_FUZZ_CASES ?? 20_000);
const SEED = Number(process.env.RIPPLE_FUZZ_SEED ?? 1);
/** What a decoder may take for itself in all, for files as small as these, whatever the diff says. */
const MEMORY_BYTES = 64 << 20;

interface Pair {
  readonly old: Buffer;
  readonly target: Buffer;
  readonly diffs: readonly Buffer[];
}

function pairs(random: Random): [Pair, Pair, Pair, Pair] {
  const program = readFileSync('/bin/true').subarray(0, 20_000);
  const pair = (plain: Buffer, pack = (bytes: Buffer): Buffer => bytes): Pair => {
    const old = pack(plain);
    const target = pack(edited(random, plain, 12));
    const ours = FORMAT_NAMES.map((name) => Buffer.from(formatNamed(name).encode(old, target)));
    return { old, target, diffs: [...ours, debianBsdiff(old, target)] };
  };
  return [
    pair(Buffer.from('0123456789'.repeat(8))),
    pair(structuredBytes(random, 3000)),
    pair(program),
    pair(prose(random, 5000), gzipped),
  ];
}

/** Numbers that no sensible diff has, where the checks are. */
function senseless(random: Random, target: Buffer): CraftedDiff {
  const number = (): bigint => {
    const factor = random.pick([0n, 1n, -1n, BigInt(random.integer(target.length)), -BigInt(random.integer(5000))]);
    return (factor * 2n ** BigInt(random.pick([0, 0, 0, 1, 31, 32, 52, 53, 62]))) % 2n ** 63n;
  };
  const small = (): bigint => BigInt(random.integer(20));
  return {
    control: Array.from({ length: random.integer(6) }, () => [
      random.pick([small, number])(),
      random.pick([small, number])(),
      number(),
    ]),
    differences: target.subarray(0, random.integer(60)),
    extra: target.subarray(0, random.integer(60)),
    newBytes: random.pick([small, number])(),
    ...(random.integer(4) === 0 ? { controlBytes: number() } : {}),
    ...(random.integer(4) === 0 ? { differenceBytes: number() } : {}),
  };
}

/** Applies and checks the bounds; true if it was taken for good. */
function take(old: Buffer, diff: Buffer, maxNewBytes: number, where: string): boolean {
  let made = 0;
  // A collection in between makes this smaller, never larger.
  const before = process.memoryUsage().arrayBuffers;
  try {
    const source = memorySource(diff);
    const count = (part: Uint8Array): void => {
      made += part.length;
    };
    formatOf(source).decode(memorySource(old), source, count, { maxNewBytes });
    return true;
  } catch (error) {
    assert.ok(error instanceof RippleError, `${where}: ${error instanceof Error ? error.stack : error}`);
    assert.doesNotMatch(error.message, /\n/, where);
    return false;
  } finally {
    assert.ok(made <= maxNewBytes, `${where}: ${made} bytes made`);
    const taken = process.memoryUsage().arrayBuffers - before;
    assert.ok(taken < MEMORY_BYTES, `${where}: ${taken} bytes of memory`);
  }
}

test(`${CASES} mutated and senseless diffs end in a clean error or within their bounds (seed ${SEED})`, (t) => {
  const random = seeded(SEED);
  const made = pairs(random);
  let taken = 0;
  for (let i = 0; i < CASES; i++) {
    const { old, target, diffs } = random.pick(made);
    const bytes = random.integer(5) === 0 ? craftedDiff(senseless(random, target)) : mutated(random, diffs);
    const maxNewBytes = random.pick([target.length, 100, 1 << 20]);
    if (take(old, bytes, maxNewBytes, `seed ${SEED}, case ${i}`)) taken++;
  }
  t.diagnostic(`seed ${SEED}: ${taken} of ${CASES} made something`);
});
