import { findArm64 } from './arm64-references.ts';
import { findInData } from './data-references.ts';
import { findInEhFrame } from './eh-frame.ts';
import { type Elf, readElf, SHF, SHT } from './elf.ts';
import { NO_REFERENCES, ReferenceList, type References } from './references.ts';
import { findJumpTables, findX86 } from './x86-references.ts';

export interface Analysed {
  readonly elf: Elf | undefined;
  readonly references: References;
}

/** Files above this are treated as plain data: positions are 32 bits. */
const MAX_SIZE = 0x7fff0000;

/** Finds every place in an executable that moves when other things move. Anything that is no ELF file has none. */
export function findReferences(b: Uint8Array): Analysed {
  const elf = b.length > MAX_SIZE ? undefined : readElf(b);
  if (!elf) return { elf: undefined, references: NO_REFERENCES };
  const list = new ReferenceList();
  findInData(b, elf, list);
  findInEhFrame(b, elf, list);
  const tables = new Set<number>();
  for (const s of elf.sections) {
    if (!(s.flags & SHF.exec) || s.type !== SHT.progbits || s.fileSize === 0) continue;
    if (elf.relocatable) continue;
    if (elf.machine === 'aarch64') findArm64(b, elf, s, list);
    if (elf.machine === 'x86-64' || elf.machine === 'i386') findX86(b, elf, s, list, tables);
  }
  findJumpTables(b, elf, tables, list);
  return { elf, references: list.finish(b.length) };
}
