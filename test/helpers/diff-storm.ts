/**
 * Runs on a thread of its own, so that a loop without an end or a full heap is seen from outside: many small diffs and bundles, made
 * and damaged. Each must give the right file, or end in one clean error, within its bounds.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { RippleError } from '../../service/api/errors.ts';
import { memorySource } from '../../service/delta/byte-source.ts';
import { FORMAT_NAMES } from '../../service/delta/format.ts';
import { formatNamed, formatOf } from '../../service/delta/formats.ts';
import { cpioOf } from './cpio.ts';
import { type CraftedDiff, craftedDiff } from './crafted-diff.ts';
import { debianBsdiff } from './debian-diff.ts';
import { edited, structuredBytes } from './edited.ts';
import { mutated } from './mutated.ts';
import { gzipped, prose, xzInChunks, xzPacked, zstdPacked } from './packed.ts';
import { type Random, seeded } from './random.ts';
import { laterProgram, linked, randomProgram } from './small-elf.ts';
import { bundleBetween, treeInMemory, unbundle } from './tree-in-memory.ts';

export interface StormJob {
  readonly kind: 'pairs' | 'diffs';
  readonly seed: number;
  readonly cases: number;
}

/** `case`: this one or one of the next few begins. */
export type StormReply =
  | { readonly kind: 'case'; readonly number: number }
  | { readonly kind: 'done'; readonly good: number };

/** What a decoder may take for itself in all, for files as small as these, whatever the diff says. */
const MEMORY_BYTES = 64 << 20;
const MOST_BYTES = 20_000;
/** Between two signs of life. */
const PULSE_CASES = 20;
/** Of so many pairs one is packed: a process for each file. */
const PACKED_EVERY = 20;

/** Damaged copies of `originals` and whatever else `make` comes to; `take` answers whether the right thing came out. */
interface Target {
  readonly originals: readonly Buffer[];
  readonly bytes: Buffer;
  readonly take: (bytes: Buffer, maxNewBytes: number, made: (bytes: Uint8Array) => void) => void;
}

function pair(random: Random): { old: Buffer; target: Buffer } {
  const size = random.pick([0, 1, 100, 1000, 4000, MOST_BYTES]);
  if (random.integer(3) === 0) {
    const machine = random.pick(['x86', 'arm64'] as const);
    const program = randomProgram(random, 1 + random.integer(Math.max(1, size / 140)));
    const later = laterProgram(random, program, random.integer(6));
    return { old: linked(program, machine), target: linked(later, machine) };
  }
  const old = structuredBytes(random, random.integer(size + 1));
  if (random.integer(20) === 0) return { old, target: structuredBytes(random, random.integer(size + 1)) };
  const target = edited(random, old, random.integer(8));
  if (random.integer(PACKED_EVERY) > 0) return { old, target };
  if (random.integer(2) === 0) {
    const level = random.pick(['-1', '-3', '-9', '-19']);
    return { old: random.integer(5) === 0 ? old : zstdPacked(old, level), target: zstdPacked(target, level) };
  }
  const options = random.pick([['-0'], ['-6'], ['--x86', '--lzma2'], ['--check=crc32', '--block-size=700']]);
  return { old: random.integer(5) === 0 ? old : xzPacked(old, ...options), target: xzPacked(target, ...options) };
}

/** A text in blocks, zeros for padding, and a filtered program. */
function xzFile(text: Buffer, program: Buffer): Buffer {
  const first = xzPacked(text, '--block-size=2000', '--check=sha256');
  return Buffer.concat([first, Buffer.alloc(8), xzPacked(program, '--x86', '--lzma2=preset=6')]);
}

function diffsOf(old: Buffer, target: Buffer): Target {
  const ours = FORMAT_NAMES.map((name) => Buffer.from(formatNamed(name).encode(old, target)));
  return {
    originals: [...ours, debianBsdiff(old, target)],
    bytes: target,
    take: (bytes, maxNewBytes, made) => {
      const diff = memorySource(bytes);
      formatOf(diff).decode(memorySource(old), diff, made, { maxNewBytes });
    },
  };
}

function bundleOf(random: Random): Target {
  const [text, data] = [structuredBytes(random, 2000), structuredBytes(random, 3000)];
  const gone = random.bytes(5000);
  const changed = edited(random, data, 6);
  const one = Buffer.concat([gone.subarray(0, 4200), random.bytes(450)]);
  const other = edited(random, one, 2);
  const [xz, newXz] = [xzPacked(text, '--check=crc32'), xzPacked(edited(random, text, 4), '--check=crc32')];
  const archive = cpioOf([
    { path: 'lib/data', bytes: changed },
    { path: 'init', bytes: one.subarray(0, 700) },
    { path: 'x', bytes: one },
  ]);
  const [disk, framed] = [gzipped(archive, 6), zstdPacked(archive, '-9')];
  const a = treeInMemory({
    text: { bytes: text },
    'text.xz': { bytes: xz },
    'lib/data': { bytes: data },
    gone: { bytes: gone },
  });
  const b = treeInMemory({
    // They come last, for they are made from the others.
    'boot/disk': { bytes: disk },
    'boot/framed': { bytes: framed },
    text: { bytes: text, time: 1 },
    'lib/data': { bytes: changed, time: 2 },
    'lib/empty': { bytes: Buffer.alloc(0) },
    // From an old file of another name, and from that and the content before it.
    'new/one': { bytes: one },
    'new/other': { bytes: other },
    'text.xz': { bytes: newXz, time: 3 },
  });
  return {
    originals: [bundleBetween(a, b)],
    bytes: Buffer.concat([changed, one, other, newXz, disk, framed]),
    // What comes out is checked in there, by the hash of the manifest.
    take: (bytes, maxNewBytes, made) => {
      for (const content of unbundle(a, b, bytes, { maxNewBytes, maxContents: 10 }).values()) made(content);
    },
  };
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

/** True if what was made is the right file. */
function survives(target: Target, bytes: Buffer, maxNewBytes: number, where: string): boolean {
  let madeBytes = 0;
  const hash = createHash('sha256');
  // A collection in between makes this smaller, never larger.
  const before = process.memoryUsage().arrayBuffers;
  try {
    target.take(bytes, maxNewBytes, (part) => {
      madeBytes += part.length;
      hash.update(part);
    });
  } catch (error) {
    assert.ok(error instanceof RippleError, `${where}: ${error instanceof Error ? error.stack : error}`);
    assert.doesNotMatch(error.message, /\n/, where);
    return false;
  } finally {
    assert.ok(madeBytes <= maxNewBytes, `${where}: ${madeBytes} bytes made`);
    const taken = process.memoryUsage().arrayBuffers - before;
    assert.ok(taken < MEMORY_BYTES, `${where}: ${taken} bytes of memory`);
  }
  return hash.digest('hex') === createHash('sha256').update(target.bytes).digest('hex');
}

function damagedOnes({ seed, cases }: StormJob, begin: (number: number) => void): number {
  const random = seeded(seed);
  const program = readFileSync('/bin/true').subarray(0, MOST_BYTES);
  const structured = structuredBytes(random, 3000);
  const text = Buffer.from('0123456789'.repeat(8));
  const elf = randomProgram(random, 20);
  const targets = [text, structured, program].map((old) => diffsOf(old, edited(random, old, 12)));
  const packed = prose(random, 5000);
  targets.push(diffsOf(gzipped(packed), gzipped(edited(random, packed, 12))));
  const changed = edited(random, packed, 12);
  targets.push(diffsOf(xzFile(packed, program), xzFile(changed, edited(random, program, 3))));
  targets.push(diffsOf(xzPacked(packed), xzInChunks(changed, 1500)));
  targets.push(diffsOf(zstdPacked(packed, '-19'), zstdPacked(changed, '-3')));
  targets.push(diffsOf(linked(elf, 'x86'), linked(laterProgram(random, elf, 3), 'x86')), bundleOf(random));
  let good = 0;
  for (let i = 0; i < cases; i++) {
    if (i % PULSE_CASES === 0) begin(i);
    const target = targets[random.integer(targets.length)] ?? bundleOf(random);
    const crafted = random.integer(5) === 0;
    const bytes = crafted ? craftedDiff(senseless(random, target.bytes)) : mutated(random, target.originals);
    const maxNewBytes = random.pick([target.bytes.length, 100, 1 << 20]);
    if (survives(target, bytes, maxNewBytes, `seed ${seed}, case ${i}`)) good++;
  }
  return good;
}

function pairs({ seed, cases }: StormJob, begin: (number: number) => void): number {
  for (let i = 0; i < cases; i++) {
    if (i % PULSE_CASES === 0) begin(i);
    const { old, target } = pair(seeded(seed * 1_000_003 + i));
    const before = [Buffer.from(old), Buffer.from(target)];
    for (const name of FORMAT_NAMES) {
      const diff = memorySource(formatNamed(name).encode(old, target));
      const parts: Buffer[] = [];
      const sink = (part: Uint8Array): void => void parts.push(Buffer.from(part));
      formatNamed(name).decode(memorySource(old), diff, sink, { maxNewBytes: target.length });
      assert.ok(Buffer.concat(parts).equals(target), `${name}: seed ${seed}, pair ${i}`);
    }
    assert.deepEqual([old, target], before, `seed ${seed}, pair ${i}: what was given was changed`);
  }
  return cases;
}

const port = parentPort;
if (port) {
  const job: StormJob = workerData;
  const begin = (number: number): void => port.postMessage({ kind: 'case', number } satisfies StormReply);
  const good = job.kind === 'pairs' ? pairs(job, begin) : damagedOnes(job, begin);
  port.postMessage({ kind: 'done', good } satisfies StormReply);
}
