import { i32, u32 } from './bytes.ts';
import { addressToOffset, type Elf, type Section } from './elf.ts';
import { KIND, type ReferenceList } from './references.ts';

const MAX_ENTRIES = 1 << 21;

/** Call frame records (Linux Standard Base, "DWARF extensions"): where each begins, and its language-specific data. */
export function findInEhFrame(b: Uint8Array, elf: Elf, s: Section, list: ReferenceList): void {
  if (s.name === '.eh_frame') records(b, elf, s, list);
  else if (s.name === '.eh_frame_hdr' && s.fileSize >= 12) searchTable(b, s, list);
}

function records(b: Uint8Array, elf: Elf, s: Section, list: ReferenceList): void {
  const end = s.offset + s.fileSize;
  const commons = new Map<number, { relative: boolean; language: boolean }>();
  for (let at = s.offset; at + 16 <= end; ) {
    const length = u32(b, at);
    if (length === 0) {
      at += 4;
      continue;
    }
    if (length < 4 || at + 4 + length > end) return;
    const id = u32(b, at + 4);
    if (id === 0) {
      let text = '';
      for (let i = at + 9; i < at + 17 && b[i] !== 0; i++) text += String.fromCharCode(b[i] ?? 0);
      commons.set(at, { relative: text.includes('R'), language: text.includes('L') });
    } else {
      list.add(at + 4, KIND.backOffset);
      const common = commons.get(at + 4 - id);
      if (common?.relative && !elf.relocatable && length >= 12) {
        list.add(at + 8, KIND.pcRelative, 0);
        const begin = addressToOffset(elf.segments, s.address + at + 8 - s.offset + i32(b, at + 8));
        if (begin >= 0) list.add(at + 12, KIND.length, begin);
        if (common.language && (b[at + 16] ?? 0) >= 4) list.add(at + 17, KIND.pcRelative, 0);
      }
    }
    at += 4 + length;
  }
}

function searchTable(b: Uint8Array, s: Section, list: ReferenceList): void {
  if (u32(b, s.offset) !== 0x3b031b01) return;
  list.add(s.offset + 4, KIND.pcRelative, 0);
  const count = Math.min(u32(b, s.offset + 8), MAX_ENTRIES, Math.floor((s.fileSize - 12) / 8));
  for (let i = 0; i < count; i++) {
    list.add(s.offset + 12 + 8 * i, KIND.relative, s.address);
    list.add(s.offset + 16 + 8 * i, KIND.relative, s.address);
  }
}
