import { adrpPage, arm64Target, isAdrp, lowTwelve, mayReplace, wordKind } from './arm64-words.ts';
import { i32 } from './bytes.ts';
import { type Elf, imageRange, type Section } from './elf.ts';
import { KIND, type ReferenceList } from './references.ts';

/** Instructions after an `adrp` among which its other half is looked for. */
const REACH = 12;

/** Every branch, and every address made by `adrp` with the `add`, load or store that completes it. */
export function findArm64(b: Uint8Array, elf: Elf, section: Section, list: ReferenceList): void {
  const start = (section.offset + 3) & ~3;
  const end = section.offset + section.fileSize;
  const delta = section.address - section.offset;
  const [low, high] = imageRange(elf);
  const inImage = (target: number): boolean => target >= low && target <= high;
  const completed = new Set<number>();
  for (let at = start; at + 4 <= end; at += 4) {
    const word = i32(b, at);
    if (isAdrp(word)) {
      pair(b, at, end, word, delta, inImage, completed, list);
      continue;
    }
    const kind = wordKind(word);
    if (kind !== undefined && inImage(arm64Target(kind, word, at + delta, 0))) list.add(at, kind);
  }
}

function pair(
  b: Uint8Array,
  at: number,
  end: number,
  word: number,
  delta: number,
  inImage: (target: number) => boolean,
  completed: Set<number>,
  list: ReferenceList,
): void {
  const page = adrpPage(word, at + delta);
  const register = word & 31;
  let target = -1;
  for (let next = at + 4; next <= at + 4 * REACH && next + 4 <= end; next += 4) {
    const other = i32(b, next);
    const low = lowTwelve(other, register);
    if (low !== undefined && !completed.has(next) && inImage(page + low)) {
      completed.add(next);
      list.add(next, KIND.a64Low12, page + low);
      if (target < 0) target = page + low;
    }
    if (mayReplace(other, register)) break;
  }
  if (target < 0) target = page;
  if (inImage(target)) list.add(at, KIND.a64Page21, target);
}
