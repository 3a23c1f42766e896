import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BlockList } from '../../../service/delta/blocks.ts';
import { findReferences } from '../../../service/delta/exe/find-references.ts';
import { Predictor } from '../../../service/delta/exe/predictor.ts';
import { KIND } from '../../../service/delta/exe/references.ts';

/** The second loaded segment (of the 64-bit file `b`) begins within the first, at another address. */
function overlapping(b: Buffer): Buffer {
  const changed = Buffer.from(b);
  const table = Number(changed.readBigUInt64LE(32));
  const loaded: number[] = [];
  for (let i = 0; i < changed.readUInt16LE(56); i++)
    if (changed.readUInt32LE(table + 56 * i) === 1) loaded.push(table + 56 * i);
  const [first, second] = loaded;
  assert.ok(first !== undefined && second !== undefined);
  changed.writeBigUInt64LE(changed.readBigUInt64LE(second + 8) + 0x1000n, first + 32);
  changed.writeBigUInt64LE(changed.readBigUInt64LE(second + 16) + 0x100000n, second + 16);
  return changed;
}

// An encoder asks for predictions to see whether a stretch is as foreseen, and stops at the first that is wrong.
test('a prediction and its trust do not depend on what was asked before', () => {
  const program = readFileSync('/bin/true');
  for (const old of [program, overlapping(program), readFileSync('/usr/arm-linux-gnueabihf/lib/libnsl.so.1')]) {
    const blocks = new BlockList();
    blocks.push(old.length >> 1, 16, 0);
    blocks.push(old.length - (old.length >> 1), 0, old.length >> 1);
    const found = findReferences(old);
    const predictor = new Predictor(old, found, blocks, old.length + 16);
    predictor.see(old);
    const ask = (index: number): string => {
      const position = found.references.positions[index] ?? 0;
      const value = predictor.predict(index, old.readInt32LE(position), position, position);
      return `${index}: ${value} ${predictor.trust}`;
    };
    const order = [...found.references.kinds.subarray(0, found.references.count)].flatMap((kind, i) =>
      kind === KIND.buildIdText ? [] : [i],
    );
    const forward = order.map(ask);
    const backward = order.toReversed().map(ask);
    assert.deepEqual(backward.toReversed(), forward);
  }
});
