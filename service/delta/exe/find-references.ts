import { ARM_EXIDX, findArm, findInExceptionIndex, findInExceptionTable } from './arm-references.ts';
import { findArm64 } from './arm64-references.ts';
import { findInBtf } from './btf.ts';
import { findInData, findInHeaders, findInSectionHeaders } from './data-references.ts';
import { findInEhFrame } from './eh-frame.ts';
import { type Elf, readElf, type Section, SHF, SHT } from './elf.ts';
import { NO_REFERENCES, ReferenceList, type References } from './references.ts';
import { findJumpTables, findX86, TableStarts } from './x86-references.ts';

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
  const list = new ReferenceList(b.length);
  const tables = new TableStarts();
  findInHeaders(b, elf, list);
  let end = 0;
  // In the order of the file, each byte once: sections that overlap others are not looked at.
  for (const s of [...elf.sections].sort((one, other) => one.offset - other.offset)) {
    if (s.fileSize === 0 || s.offset < end) continue;
    end = s.offset + s.fileSize;
    if (s.type === SHT.progbits && s.flags & SHF.exec) {
      if (!elf.relocatable) findInCode(b, elf, s, list, tables);
    } else if (s.name.startsWith('.eh_frame')) {
      findInEhFrame(b, elf, s, list);
    } else if (s.name === '.BTF') {
      findInBtf(b, s, list);
    } else if (elf.machine === 'arm' && s.type === ARM_EXIDX) {
      findInExceptionIndex(b, s, list);
    } else if (elf.machine === 'arm' && s.name === '.ARM.extab') {
      findInExceptionTable(b, elf, s, list);
    } else if (s.type === SHT.progbits && s.flags & SHF.alloc && !s.name.startsWith('.got')) {
      list.takeLater(s.offset, end);
      findJumpTables(b, elf, s, tables, list);
    } else {
      findInData(b, elf, s, list);
    }
  }
  findInSectionHeaders(elf, list);
  return { elf, references: list.finish(b.length) };
}

function findInCode(b: Uint8Array, elf: Elf, s: Section, list: ReferenceList, tables: TableStarts): void {
  if (elf.machine === 'aarch64') findArm64(b, elf, s, list);
  else if (elf.machine === 'x86-64' || elf.machine === 'i386') findX86(b, elf, s, list, tables);
  else if (elf.machine === 'arm') findArm(b, elf, s, list);
}
