import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findReferences } from '../../../service/delta/exe/find-references.ts';
import { KIND } from '../../../service/delta/exe/references.ts';
import { baseOf, encodeSolid, SolidDecoder, type SolidRecord } from '../../../service/delta/ripdiff/index.ts';
import { type Random, seeded } from '../../helpers/random.ts';

/** An object file whose section `.BTF` is `content`, by Debian's objcopy. */
function objectWith(content: Uint8Array): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'ripple-btf-'));
  const path = (name: string): string => join(folder, name);
  try {
    writeFileSync(path('empty'), Buffer.alloc(64));
    writeFileSync(path('btf'), content);
    execFileSync('objcopy', ['-I', 'binary', '-O', 'elf64-x86-64', path('empty'), path('object')]);
    execFileSync('objcopy', [`--add-section=.BTF=${path('btf')}`, path('object')]);
    return readFileSync(path('object'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Types as a module has them: pointers, structures and prototypes; `shift` says what became of the kernel's numbers. */
function typeInformation(random: Random, count: number, shift: (value: number) => number): Buffer {
  const words: number[] = [];
  const number = (): number => shift(1 + random.integer(100_000));
  for (let i = 0; i < count; i++) {
    const kind = [2, 4, 13, 3][random.integer(4)] ?? 2;
    const members = kind === 4 || kind === 13 ? random.integer(5) : 0;
    words.push(number(), kind * 0x1000000 + members, kind === 2 || kind === 13 ? number() : 16);
    for (let k = 0; k < members; k++) words.push(number(), number(), ...(kind === 4 ? [k * 64] : []));
    if (kind === 3) words.push(number(), number(), 4);
  }
  const header = Buffer.alloc(24);
  header.writeUInt16LE(0xeb9f);
  header[2] = 1;
  header.writeUInt32LE(24, 4);
  header.writeUInt32LE(words.length * 4, 12);
  header.writeUInt32LE(words.length * 4, 16);
  return Buffer.concat([header, Buffer.from(Uint32Array.from(words).buffer)]);
}

test('numbers of types and names are found, and nothing else', () => {
  const words = [7, 0x04000002, 16, 8, 9, 0, 10, 11, 64, 0, 0x02000000, 12, 13, 0x03000000, 0, 14, 15, 99];
  const header = Buffer.alloc(24);
  header.writeUInt16LE(0xeb9f);
  header.writeUInt32LE(24, 4);
  header.writeUInt32LE(words.length * 4, 12);
  const object = objectWith(Buffer.concat([header, Buffer.from(Uint32Array.from(words).buffer)]));
  const { elf, references } = findReferences(object);
  const section = elf?.sections.find((s) => s.name === '.BTF');
  assert.ok(section);
  const found: Record<string, number[]> = { types: [], names: [] };
  for (let i = 0; i < references.count; i++) {
    const kind = references.kinds[i];
    const at = references.positions[i] ?? 0;
    if (kind === KIND.typeNumber) found.types?.push(object.readUInt32LE(at));
    if (kind === KIND.nameNumber) found.names?.push(object.readUInt32LE(at));
  }
  assert.deepEqual(found, { types: [9, 11, 12, 14, 15], names: [7, 8, 10, 13] });
});

function solid(records: readonly SolidRecord[]): number {
  const bytes = encodeSolid(records);
  const parts: Buffer[] = [];
  const decoder = new SolidDecoder(
    {
      base: (i) => records[i]?.base,
      maxNewBytes: () => 1 << 24,
      data: (_, part) => parts.push(Buffer.from(part)),
      end(i) {
        assert.ok(Buffer.concat(parts.splice(0)).equals(records[i]?.target ?? Buffer.alloc(0)));
      },
    },
    { maxFrameBytes: bytes.length },
  );
  decoder.push(bytes);
  decoder.finish();
  return bytes.length;
}

test('what one module taught about the kernel makes the next nearly free', () => {
  // Three types became more in the middle of the kernel's.
  const pair = (seed: number): SolidRecord => ({
    base: baseOf(objectWith(typeInformation(seeded(seed), 2000, (value) => value))),
    target: objectWith(typeInformation(seeded(seed), 2000, (value) => (value > 40_000 ? value + 3 : value))),
    hint: { path: '' },
  });
  const first = solid([pair(1)]);
  const both = solid([pair(1), pair(2)]);
  assert.ok(both - first < first / 4, `${first} bytes, then ${both - first}`);
});

test('type information that is noise costs bytes, never a wrong file', () => {
  for (const seed of [1, 2, 3]) {
    const random = seeded(seed);
    const header = typeInformation(random, 0, (value) => value);
    header.writeUInt32LE(20_000, 12);
    const old = objectWith(Buffer.concat([header, random.bytes(20_000)]));
    const target = objectWith(Buffer.concat([header, random.bytes(8000), old.subarray(8000, 20_000)]));
    solid([{ base: baseOf(old), target, hint: { path: '' } }]);
  }
});
