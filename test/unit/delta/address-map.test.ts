import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BlockList } from '../../../service/delta/blocks.ts';
import { AddressMap } from '../../../service/delta/exe/address-map.ts';
import { readElf } from '../../../service/delta/exe/elf.ts';
import { seeded } from '../../helpers/random.ts';

// Encoder and decoder ask in different order: an answer that depended on the one before would make another file.
test('where a place went does not depend on what was asked before, however blocks overlap', () => {
  const program = readFileSync('/bin/true');
  const elf = readElf(program);
  assert.ok(elf);
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed);
    const blocks = new BlockList();
    for (let i = 0; i < 40; i++) blocks.push(1 + random.integer(300), random.integer(20), random.integer(2000));
    const map = new AddressMap(blocks, program.length, elf);
    const answer = (offset: number): string => `${offset}: ${map.offset(offset)} ${map.trust}`;
    const order = Array.from({ length: 2400 }, (_, offset) => offset);
    const forward = order.map(answer);
    assert.deepEqual(order.toReversed().map(answer).toReversed(), forward, `seed ${seed}`);
    for (let i = 0; i < 500; i++) {
      const offset = random.integer(2400);
      assert.equal(answer(offset), forward[offset], `seed ${seed}`);
    }
  }
});
