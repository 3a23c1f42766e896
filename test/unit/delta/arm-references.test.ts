import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BlockList } from '../../../service/delta/blocks.ts';
import { memorySource } from '../../../service/delta/byte-source.ts';
import { AddressMap } from '../../../service/delta/exe/address-map.ts';
import { stubTarget } from '../../../service/delta/exe/arm-references.ts';
import { readElf, SHF, SHT } from '../../../service/delta/exe/elf.ts';
import { findReferences } from '../../../service/delta/exe/find-references.ts';
import { SymbolNames } from '../../../service/delta/exe/names.ts';
import { KIND } from '../../../service/delta/exe/references.ts';
import { targetDelta, withTarget, wordTarget } from '../../../service/delta/exe/words.ts';
import { decodeDiff, encodeDiff } from '../../../service/delta/ripdiff/index.ts';
import { edited } from '../../helpers/edited.ts';
import { seeded } from '../../helpers/random.ts';

/** Of Debian's libc6-armhf-cross: T32 code, some A32 code and linkage stubs. */
const LIBRARY = '/usr/arm-linux-gnueabihf/lib/libc.so.6';

/** Where each branch of 32 bits stands, and where it goes, by objdump. */
function branches(path: string): Map<number, number> {
  const text = execFileSync('arm-linux-gnueabihf-objdump', ['-d', '-w', path], { maxBuffer: 1 << 29 }).toString(
    'latin1',
  );
  const found = new Map<number, number>();
  for (const m of text.matchAll(/^ *([0-9a-f]+):\t([0-9a-f]{4} [0-9a-f]{4}|[0-9a-f]{8}) *\tb[a-z.]*\t([0-9a-f]+) </gm))
    found.set(Number.parseInt(m[1] ?? '', 16), Number.parseInt(m[3] ?? '', 16));
  return found;
}

test('branches are those that objdump names, with their targets', () => {
  const library = readFileSync(LIBRARY);
  const { elf, references } = findReferences(library);
  assert.equal(elf?.machine, 'arm');
  const expected = branches(LIBRARY);
  const code = elf.sections.filter((s) => s.flags & SHF.exec && s.type === SHT.progbits);
  let mine = 0;
  let right = 0;
  for (let i = 0; i < references.count; i++) {
    const kind = references.kinds[i] ?? 0;
    const at = references.positions[i] ?? 0;
    if (kind < KIND.armBranch24 || kind > KIND.thumbBranch20) continue;
    const home = code.find((s) => at >= s.offset && at < s.offset + s.fileSize);
    assert.ok(home);
    const address = at - home.offset + home.address;
    const word = library.readInt32LE(at);
    mine++;
    const target = wordTarget(kind, word, address, 0);
    if (expected.get(address) === target) right++;
    assert.equal(withTarget(kind, word, target, address), word);
    const moved = withTarget(kind, word, target + 64, address);
    assert.equal(wordTarget(kind, moved, address, 0), target + 64);
    assert.equal(targetDelta(kind, word, moved), 64);
  }
  assert.ok(expected.size > 10_000);
  assert.ok(right / expected.size > 0.99, `found ${right} of ${expected.size}`);
  assert.ok(right / mine > 0.99, `${right} of ${mine} are branches`);
});

test('literals are distances to what the code uses, and stubs go through the slots that relocations name', () => {
  const library = readFileSync(LIBRARY);
  const { elf, references } = findReferences(library);
  assert.ok(elf);
  const code = elf.sections.find((s) => s.name === '.text');
  const plt = elf.sections.find((s) => s.name === '.plt');
  const relocations = elf.sections.find((s) => s.name === '.rel.plt');
  assert.ok(code && plt && relocations);
  let literals = 0;
  let inData = 0;
  const slots = new Set<number>();
  for (let i = 0; i < references.count; i++) {
    const at = references.positions[i] ?? 0;
    const aux = references.aux[i] ?? 0;
    if (references.kinds[i] === KIND.relative && at >= code.offset && at < code.offset + code.fileSize) {
      literals++;
      if (elf.sections.some((s) => s.address > 0 && within(s, (aux + library.readInt32LE(at)) | 0))) inData++;
    }
    if (references.kinds[i] === KIND.armStubHigh) {
      const slot = stubTarget(library, at, at - plt.offset + plt.address);
      assert.equal(slot, aux);
      slots.add(aux);
    }
  }
  assert.ok(literals > 3000 && inData / literals > 0.99, `${inData} of ${literals}`);
  for (let at = relocations.offset; at < relocations.offset + relocations.fileSize; at += 8)
    assert.ok(slots.has(library.readUInt32LE(at)));
});

test('stubs and slots whose symbols changed places are followed by name', () => {
  const old = readFileSync('/usr/arm-linux-gnueabihf/lib/libnsl.so.1');
  const elf = readElf(old);
  const plt = elf?.sections.find((s) => s.name === '.plt');
  const relocations = elf?.sections.find((s) => s.name === '.rel.plt');
  assert.ok(elf && plt && relocations);
  const [first, second] = [relocations.offset, relocations.offset + 8];
  const target = Buffer.from(old);
  old.copy(target, first + 4, second + 4, second + 8);
  old.copy(target, second + 4, first + 4, first + 8);
  const blocks = new BlockList();
  blocks.push(old.length, 0, 0);
  const map = new AddressMap(blocks, old.length, elf);
  new SymbolNames(old, elf).linkStubs(target, map);
  const slots = [old.readUInt32LE(first), old.readUInt32LE(second)];
  assert.deepEqual(slots.map((slot) => map.address(slot)).reverse(), slots);
  const stubs = slots.map((slot) => {
    for (let at = plt.offset; at < plt.offset + plt.fileSize; at += 4)
      if (stubTarget(old, at, at - plt.offset + plt.address) === slot) return at - plt.offset + plt.address;
    return 0;
  });
  assert.deepEqual(stubs.map((stub) => map.address(stub)).reverse(), stubs);
});

function within(s: { readonly address: number; readonly size: number }, address: number): boolean {
  return address >= s.address && address <= s.address + s.size;
}

test('code that is none costs bytes, never a wrong file', () => {
  const library = readFileSync('/usr/arm-linux-gnueabihf/lib/libnsl.so.1');
  const text = readElf(library)?.sections.find((s) => s.name === '.text');
  assert.ok(text);
  const end = text.offset + text.fileSize;
  for (const seed of [1, 2, 3]) {
    const random = seeded(seed);
    const old = Buffer.concat([library.subarray(0, text.offset), random.bytes(text.fileSize), library.subarray(end)]);
    assert.ok(findReferences(old).references.count > 1000);
    const code = edited(random, old.subarray(text.offset, end), 20);
    const target = Buffer.concat([old.subarray(0, text.offset), code, old.subarray(end)]);
    const parts: Buffer[] = [];
    decodeDiff(old, memorySource(encodeDiff(old, target)), (part) => parts.push(Buffer.from(part)), {
      maxNewBytes: target.length,
    });
    assert.ok(Buffer.concat(parts).equals(target));
  }
});
