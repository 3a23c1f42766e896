import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LongestMatch, longestMatch } from '../../../service/delta/longest-match.ts';
import { suffixArray } from '../../../service/delta/suffix-array.ts';
import { edited, structuredBytes } from '../../helpers/edited.ts';
import { type Random, seeded } from '../../helpers/random.ts';

function sortedByComparing(bytes: Buffer): number[] {
  return [...bytes.keys()].sort((a, b) => Buffer.compare(bytes.subarray(a), bytes.subarray(b)));
}

/** In order, each a suffix once: enough for inputs that comparing would take too long for. */
function assertSorted(bytes: Uint8Array, order: Int32Array): void {
  const rank = new Int32Array(bytes.length + 1).fill(-1);
  for (const [i, position] of order.entries()) rank[position] = i;
  assert.equal(new Set(order).size, bytes.length);
  for (let i = 1; i < order.length; i++) {
    const left = order[i - 1] ?? 0;
    const right = order[i] ?? 0;
    const order1 = (bytes[left] ?? 0) - (bytes[right] ?? 0);
    assert.ok(order1 < 0 || (order1 === 0 && (rank[left + 1] ?? 0) < (rank[right + 1] ?? 0)), `entry ${i}`);
  }
}

function fewSymbols(random: Random): Buffer {
  const symbols = 1 + random.integer(4);
  return Buffer.from(Array.from({ length: random.integer(70) }, () => random.integer(symbols)));
}

function fibonacciWord(length: number): Buffer {
  let [shorter, longer] = ['a', 'ab'];
  while (longer.length < length) [shorter, longer] = [longer, longer + shorter];
  return Buffer.from(longer.slice(0, length));
}

test('generated inputs are sorted as by comparing every suffix with every other', () => {
  const random = seeded(1);
  for (let i = 0; i < 3000; i++) {
    const bytes = i % 3 === 0 ? structuredBytes(random, random.integer(500)) : fewSymbols(random);
    assert.deepEqual([...suffixArray(bytes)], sortedByComparing(bytes), bytes.toString('hex'));
  }
});

test('long inputs of every awkward shape are sorted', () => {
  const random = seeded(2);
  const block = random.bytes(1000);
  const inputs = {
    zeros: Buffer.alloc(300_000),
    falling: Buffer.from(Array.from({ length: 300_000 }, (_, i) => 255 - ((i >> 8) & 255))),
    alternating: Buffer.alloc(300_001, 'ab'),
    periodic: Buffer.concat(Array.from({ length: 300 }, () => block)),
    'every seed differs': Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i % 2 === 0 ? 255 : (i >> 9) & 127))),
    'Fibonacci word': fibonacciWord(300_000),
    random: random.bytes(300_000),
    text: Buffer.from('one laptop tells the next what the server told the first '.repeat(4000)),
    program: readFileSync(process.execPath).subarray(0, 2_000_000),
  };
  for (const [name, bytes] of Object.entries(inputs)) {
    assert.doesNotThrow(() => assertSorted(bytes, suffixArray(bytes)), name);
  }
});

test('the longest match is as long as trying every position finds', () => {
  const random = seeded(3);
  for (let round = 0; round < 60; round++) {
    // Large ones go through the table of pairs.
    const old = structuredBytes(random, random.integer(round % 4 === 0 ? 9000 : 300));
    const target = edited(random, old.subarray(0, 400), random.integer(12));
    const suffixes = suffixArray(old);
    const match = new LongestMatch(old, suffixes);
    for (let from = 0; from < target.length; from += 1 + random.integer(9)) {
      let longest = 0;
      for (let at = 0; at < old.length; at++) {
        let same = 0;
        while (at + same < old.length && from + same < target.length && old[at + same] === target[from + same]) same++;
        longest = Math.max(longest, same);
      }
      match.find(target, from);
      if (longest > 1) assert.equal(match.length, longest);
      const { position, length } = longestMatch(suffixes, old, target, from);
      assert.equal(length, match.length);
      assert.ok(old.subarray(position, position + length).equals(target.subarray(from, from + length)));
    }
  }
});
