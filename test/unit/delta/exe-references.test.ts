import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { wordKind } from '../../../service/delta/exe/arm64-words.ts';
import { addressToOffset, readElf, SHF, SHT } from '../../../service/delta/exe/elf.ts';
import { findReferences } from '../../../service/delta/exe/find-references.ts';
import { KIND, widthOf } from '../../../service/delta/exe/references.ts';
import { targetDelta, withTarget, wordTarget } from '../../../service/delta/exe/words.ts';
import { decodeInstruction, lengthOf } from '../../../service/delta/exe/x86-instructions.ts';
import { edited } from '../../helpers/edited.ts';
import { seeded } from '../../helpers/random.ts';

const PROGRAM = '/bin/bash';

/** Instructions that objdump lists: address and length of each. */
function listing(path: string): { address: number; bytes: Buffer; text: string }[] {
  const output = execFileSync('objdump', ['-d', '-w', path], { maxBuffer: 1 << 29 }).toString('latin1');
  return [...output.matchAll(/^ *([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *\t?(.*)$/gm)].map((m) => ({
    address: Number.parseInt(m[1] ?? '', 16),
    bytes: Buffer.from((m[2] ?? '').replaceAll(' ', ''), 'hex'),
    text: m[3] ?? '',
  }));
}

function isX86(): boolean {
  return readElf(readFileSync(PROGRAM))?.machine === 'x86-64';
}

test('instruction lengths agree with objdump', { skip: !isX86() }, () => {
  const zeros = Buffer.alloc(16);
  let wrong = 0;
  const lines = listing(PROGRAM).filter((line) => !line.text.includes('(bad)'));
  for (const { bytes } of lines) {
    const found = decodeInstruction(bytes, 0, bytes.length, true);
    if (lengthOf(found) !== bytes.length) wrong++;
    // With bytes behind it, most instructions are decoded a shorter way.
    const longer = Buffer.concat([bytes, zeros]);
    assert.equal(decodeInstruction(longer, 0, longer.length, true), found, bytes.toString('hex'));
  }
  assert.ok(lines.length > 100_000);
  assert.ok(wrong < lines.length / 10_000, `${wrong} of ${lines.length}`);
});

test('references in code are those that objdump names', { skip: !isX86() }, () => {
  const program = readFileSync(PROGRAM);
  const { elf, references } = findReferences(program);
  assert.ok(elf);
  const expected = new Set<number>();
  for (const { address, bytes, text } of listing(PROGRAM)) {
    const named = /# ([0-9a-f]+) /.exec(text) ?? /^(?:bnd |notrack )?(?:call|j[a-z]+)\s+([0-9a-f]+) /.exec(text);
    if (!named || bytes.length < 5) continue;
    const field = Buffer.alloc(4);
    field.writeInt32LE((Number.parseInt(named[1] ?? '', 16) - address - bytes.length) | 0);
    const at = bytes.lastIndexOf(field);
    if (at > 0) expected.add(addressToOffset(elf.segments, address) + at);
  }
  const code = elf.sections.filter((s) => s.flags & SHF.exec && s.type === SHT.progbits);
  let right = 0;
  let mine = 0;
  for (let i = 0; i < references.count; i++) {
    const position = references.positions[i] ?? 0;
    if (references.kinds[i] !== KIND.pcRelative) continue;
    if (!code.some((s) => position >= s.offset && position < s.offset + s.size)) continue;
    mine++;
    if (expected.has(position)) right++;
  }
  assert.ok(expected.size > 20_000);
  assert.ok(right / expected.size > 0.999, `found ${right} of ${expected.size}`);
  assert.ok(right / mine > 0.999, `${right} of ${mine} are references`);
});

test('references are sorted, apart and inside the file, in damaged programs too', () => {
  const program = readFileSync('/bin/true');
  for (let seed = 0; seed < 60; seed++) {
    const random = seeded(seed);
    const bad = seed === 0 ? program : edited(random, program, 6);
    for (let k = 0; k < 30 && seed > 0; k++) bad[random.integer(Math.min(bad.length, 2000))] = random.integer(256);
    const { references } = findReferences(bad);
    let end = 0;
    for (let i = 0; i < references.count; i++) {
      const position = references.positions[i] ?? 0;
      assert.ok(position >= end, `seed ${seed}`);
      end = position + widthOf(references.kinds[i] ?? 0);
    }
    assert.ok(end <= bad.length);
  }
});

test('what is no ELF file has no references', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('#!/bin/sh\n'), Buffer.from('\x7fELF'), Buffer.alloc(100, 0x7f)])
    assert.equal(findReferences(bytes).references.count, 0);
});

test('AArch64 words name their target and can be made to name another', () => {
  const at = 0x10000;
  const words: readonly [number, number, number][] = [
    [0x94000010, KIND.a64Branch26, at + 0x40],
    [0x17ffffff, KIND.a64Branch26, at - 4],
    [0x54000041, KIND.a64Branch19, at + 8],
    [0xb4ffffe3, KIND.a64Branch19, at - 4],
    [0x3607fff9, KIND.a64Branch14, at - 4],
    [0x10000021, KIND.a64Address21, at + 4],
  ];
  for (const [word, kind, target] of words) {
    assert.equal(wordKind(word), kind);
    assert.equal(wordTarget(kind, word, at, 0), target);
    const moved = withTarget(kind, word, target + 64, at);
    assert.equal(wordTarget(kind, moved, at, 0), target + 64);
    assert.equal(targetDelta(kind, word, moved), 64);
    assert.equal(withTarget(kind, moved, target, at), word | 0);
  }
});

test('buckets of the symbol hash table are indexes of symbols', () => {
  for (const path of [PROGRAM, '/usr/arm-linux-gnueabihf/lib/libc.so.6']) {
    const program = readFileSync(path);
    const { elf, references } = findReferences(program);
    const table = elf?.sections.find((s) => s.type === SHT.gnuHash);
    const symbols = table && elf?.sections[table.link];
    assert.ok(table && symbols);
    const count = Math.floor(symbols.fileSize / (elf?.wide ? 24 : 16));
    let found = 0;
    for (let i = 0; i < references.count; i++) {
      const at = references.positions[i] ?? 0;
      if (at < table.offset || at >= table.offset + table.fileSize) continue;
      found++;
      assert.ok(program.readUInt32LE(at) < count);
      assert.equal(references.aux[i], symbols.offset);
    }
    const buckets = program.readUInt32LE(table.offset);
    assert.ok(found > buckets / 2 && found <= buckets, `${found} of ${buckets}`);
  }
});
