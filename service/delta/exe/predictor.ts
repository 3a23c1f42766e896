import type { Blocks } from '../blocks.ts';
import { AddressMap, TRUST } from './address-map.ts';
import { headersEnd, readSegments } from './elf.ts';
import type { Analysed } from './find-references.ts';
import { SymbolNames, symbolIndex } from './names.ts';
import { isWordField, KIND, type References } from './references.ts';
import { Numberings, type Renumbering } from './renumbering.ts';
import { targetDelta, withTarget, wordTarget } from './words.ts';

const HEAD_BYTES = 4096;

/**
 * Says what a reference of the old file should hold in the new one, and learns from what it really held: a target that moved
 * otherwise than the blocks tell costs once, not every time it is named.
 */
export class Predictor {
  readonly references: References;
  readonly map: AddressMap;
  /** Of the last `predict`. */
  trust = 0;
  private readonly newSize: number;
  private readonly names: SymbolNames | undefined;
  private symbolsWanted: number;
  private stubsWanted: number;
  private readonly numberings: Numberings;
  private target = -1;
  private mapped = 0;
  private counted = 0;
  private readonly head: Uint8Array;
  private headBytes = 0;
  private headWanted: number;

  constructor(old: Uint8Array, analysed: Analysed, blocks: Blocks, newSize: number, numberings = new Numberings()) {
    this.numberings = numberings;
    this.references = analysed.references;
    this.map = new AddressMap(blocks, newSize, analysed.elf);
    this.newSize = newSize;
    this.headWanted = analysed.elf ? Math.min(headersEnd(old), HEAD_BYTES) : 0;
    this.names = analysed.elf && new SymbolNames(old, analysed.elf);
    this.symbolsWanted = this.names?.symbolsEnd(this.map) ?? 0;
    this.stubsWanted = this.names?.stubsEnd(this.map) ?? 0;
    this.head = new Uint8Array(Math.max(HEAD_BYTES, this.symbolsWanted, this.stubsWanted));
  }

  /** Shows the next bytes of the new file; its first ones hold the segment table. */
  see(bytes: Uint8Array): void {
    if (this.headBytes >= this.head.length) return;
    const part = bytes.subarray(0, this.head.length - this.headBytes);
    this.head.set(part, this.headBytes);
    this.headBytes += part.length;
    if (this.headWanted > 0 && this.headBytes >= this.headWanted) {
      this.map.setSegments(readSegments(this.head.subarray(0, this.headBytes), this.newSize));
      this.headWanted = 0;
    }
    if (this.symbolsWanted > 0 && this.headBytes >= this.symbolsWanted) {
      this.names?.linkSymbols(this.head, this.map);
      this.symbolsWanted = 0;
    }
    if (this.stubsWanted > 0 && this.headBytes >= this.stubsWanted) {
      this.names?.linkStubs(this.head, this.map);
      this.stubsWanted = 0;
    }
  }

  /** The last place of the new file before which a piece must end, so that what it shows is known to what follows. */
  nextStop(position: number): number {
    for (const stop of [this.headWanted, this.symbolsWanted, this.stubsWanted]) if (stop > position) return stop;
    return Number.POSITIVE_INFINITY;
  }

  newHead(): Uint8Array {
    return this.head;
  }

  /** The word that reference `index`, whose old word is `value` at `oldPosition`, should hold at `newPosition`. */
  predict(index: number, value: number, oldPosition: number, newPosition: number): number {
    const { map } = this;
    const kind = this.references.kinds[index] ?? 0;
    const aux = this.references.aux[index] ?? 0;
    this.target = -1;
    switch (kind) {
      case KIND.pcRelative:
        return this.go(map.oldAddress(oldPosition) + aux + (value | 0)) - map.newAddress(newPosition) - aux;
      case KIND.absolute:
        return this.go((value >>> 0) + aux);
      case KIND.relative: {
        const base = map.address(aux);
        return this.go(aux + (value | 0)) - base;
      }
      case KIND.backOffset:
        return this.keep(newPosition - map.offset(oldPosition - (value >>> 0)));
      case KIND.offset:
        return this.keep(map.offset((value >>> 0) + aux));
      case KIND.length: {
        const start = map.offset(aux);
        return this.keep(map.end(aux + (value >>> 0)) - start);
      }
      case KIND.within: {
        const base = map.offset(aux);
        return this.keep(map.offset(aux + (value >>> 0)) - base);
      }
      case KIND.symbol:
        return this.symbol(aux, value >>> 0, 24);
      case KIND.symbolNarrow:
        return this.symbol(aux, value >>> 0, 16);
      case KIND.symbolAbove:
        return (this.symbol(aux, value >>> 8, 16) << 8) | (value & 255);
      case KIND.typeNumber:
        return this.count(this.numberings.types, value);
      case KIND.nameNumber:
        return this.count(this.numberings.names, value);
      case KIND.buildIdText:
        return value;
      default: {
        const from = wordTarget(kind, value, map.oldAddress(oldPosition), aux);
        return withTarget(kind, value, this.go(from), map.newAddress(newPosition));
      }
    }
  }

  /** The trust has to follow from the reference alone: an encoder predicts more often than a decoder does. */
  private symbol(table: number, index: number, size: number): number {
    this.map.trust = TRUST.learned;
    return this.keep(symbolIndex(this.map, this.names, table, index, size));
  }

  private keep(value: number): number {
    this.trust = this.map.trust;
    return value;
  }

  private count(numbers: Renumbering, value: number): number {
    this.counted = value >>> 0;
    const predicted = numbers.predict(value >>> 0);
    this.trust = numbers.trust;
    return predicted;
  }

  private go(target: number): number {
    this.target = target;
    this.mapped = this.map.address(target);
    this.trust = this.map.trust;
    return this.mapped;
  }

  /** The last prediction, of reference `index`, was `predicted` and should have been `actual`. */
  learn(index: number, predicted: number, actual: number): void {
    const kind = this.references.kinds[index] ?? 0;
    if (kind === KIND.typeNumber) this.numberings.types.learn(this.counted, actual >>> 0);
    else if (kind === KIND.nameNumber) this.numberings.names.learn(this.counted, actual >>> 0);
    if (this.target < 0) return;
    const delta = isWordField(kind) ? targetDelta(kind, predicted, actual) : (actual - predicted) | 0;
    if (delta !== undefined) this.map.pin(this.target, this.mapped + delta);
  }
}
