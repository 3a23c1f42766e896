import type { Blocks } from '../blocks.ts';
import { AddressMap } from './address-map.ts';
import { i32, putU32 } from './bytes.ts';
import { offsetToAddress, readSegments } from './elf.ts';
import type { Analysed } from './find-references.ts';
import { SymbolNames, symbolIndex } from './names.ts';
import { KIND, widthOf } from './references.ts';
import { withTarget, wordTarget } from './words.ts';

/** The bytes of all references, to be put back after `maskReferences` or `canonical`. */
export function keepReferences(b: Uint8Array, { references }: Analysed): Uint8Array {
  const { count, positions, kinds } = references;
  let size = 0;
  for (let i = 0; i < count; i++) size += widthOf(kinds[i] ?? 0);
  const kept = new Uint8Array(size);
  let to = 0;
  for (let i = 0; i < count; i++) {
    const at = positions[i] ?? 0;
    const end = at + widthOf(kinds[i] ?? 0);
    for (let from = at; from < end; from++) kept[to++] = b[from] ?? 0;
  }
  return kept;
}

export function putReferences(b: Uint8Array, { references }: Analysed, kept: Uint8Array): void {
  const { count, positions, kinds } = references;
  let from = 0;
  for (let i = 0; i < count; i++) {
    const at = positions[i] ?? 0;
    const end = at + widthOf(kinds[i] ?? 0);
    for (let to = at; to < end; to++) b[to] = kept[from++] ?? 0;
  }
}

/** Makes every reference zero, in place. */
export function maskReferences(b: Uint8Array, { references }: Analysed): void {
  const { count, positions, kinds } = references;
  for (let i = 0; i < count; i++) {
    const at = positions[i] ?? 0;
    b.fill(0, at, at + widthOf(kinds[i] ?? 0));
  }
}

/**
 * Makes every reference hold what it points to rather than how far it is, in place, so that code that only moved looks
 * the same. The old file's targets are those of the new file by `map`.
 */
export function canonical(b: Uint8Array, { elf, references }: Analysed, map?: AddressMap, names?: SymbolNames): void {
  const { count, positions, kinds, aux } = references;
  const segments = elf?.segments ?? [];
  const address = (v: number): number => (map ? map.address(v) : v);
  const offset = (v: number): number => (map ? map.offset(v) : v);
  for (let i = 0; i < count; i++) {
    const at = positions[i] ?? 0;
    const base = aux[i] ?? 0;
    const value = i32(b, at);
    let shown = value;
    switch (kinds[i]) {
      case KIND.pcRelative:
        shown = address(offsetToAddress(segments, at) + base + value);
        break;
      case KIND.absolute:
        shown = address((value >>> 0) + base);
        break;
      case KIND.relative:
        shown = address(base + value);
        break;
      case KIND.backOffset:
        shown = offset(at - (value >>> 0));
        break;
      case KIND.offset:
        shown = offset((value >>> 0) + base);
        break;
      case KIND.length:
        shown = map ? map.end(base + (value >>> 0)) - map.offset(base) : value;
        break;
      case KIND.within:
        shown = offset(base + (value >>> 0)) - offset(base);
        break;
      case KIND.symbol:
        shown = map ? symbolIndex(map, names, base, value >>> 0, 24) : value;
        break;
      case KIND.symbolNarrow:
        shown = map ? symbolIndex(map, names, base, value >>> 0, 16) : value;
        break;
      case KIND.symbolAbove:
        shown = map ? (symbolIndex(map, names, base, value >>> 8, 16) << 8) | (value & 255) : value;
        break;
      case KIND.typeNumber:
      case KIND.nameNumber:
      case KIND.buildIdText:
        b.fill(0, at, at + widthOf(kinds[i] ?? 0));
        continue;
      default: {
        const kind = kinds[i] ?? 0;
        const target = address(wordTarget(kind, value, offsetToAddress(segments, at), base));
        shown = withTarget(kind, value, target, 0);
      }
    }
    putU32(b, at, shown);
  }
}

/** The map that `blocks` make, with what the decoder will read from the new file's own tables. */
export function mapFor(
  blocks: Blocks,
  old: Uint8Array,
  analysed: Analysed,
  target: Uint8Array,
): { map: AddressMap; names: SymbolNames | undefined } {
  const map = new AddressMap(blocks, target.length, analysed.elf);
  map.setSegments(readSegments(target, target.length));
  const names = analysed.elf && new SymbolNames(old, analysed.elf);
  if (names && names.symbolsEnd(map) > 0) names.linkSymbols(target, map);
  if (names && names.stubsEnd(map) > 0) names.linkStubs(target, map);
  return { map, names };
}
