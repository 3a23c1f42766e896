/**
 * What a reference is, which says how its target is read, mapped and written again. Every field is a little-endian word of 32 bits (of a
 * 64-bit field, the low half: the high half does not change). `aux` by kind:
 */
export const KIND = {
  /** Target minus own address; `aux`: bytes from the field to the address it counts from. */
  pcRelative: 0,
  /** `aux`: added to it, where the file is not the first of several. */
  absolute: 1,
  /** Target minus the address `aux`. */
  relative: 2,
  /** Own file offset minus the target's (.eh_frame). */
  backOffset: 3,
  /** A file offset; `aux`: added to it, where the file is not the first of several. */
  offset: 4,
  /** Length of what begins at file offset `aux`. */
  length: 5,
  /** Distance from file offset `aux` (string tables, addends to sections). */
  within: 6,
  /** Index into the table of 24-byte symbols at file offset `aux`. */
  symbol: 7,
  /** The build-id as hexadecimal text without its first byte; `aux`: file offset of its note. */
  buildIdText: 8,
  /** AArch64 words, by the field that holds the distance; `aux` of the last two: the address that is meant. */
  a64Branch26: 9,
  a64Branch19: 10,
  a64Branch14: 11,
  a64Address21: 12,
  a64Page21: 13,
  a64Low12: 14,
  /** A32 and T32 words; `aux` of a stub's: the address that is meant. */
  armBranch24: 15,
  thumbBranch24: 16,
  thumbBranch20: 17,
  armStubHigh: 18,
  armStubMiddle: 19,
  armStubLow: 20,
  /** Distance from the word itself in its lower 31 bits (exception tables). */
  armPrel31: 21,
  /** Numbers that count on from another file's: of types, and of their names. */
  typeNumber: 22,
  nameNumber: 23,
  /** As `symbol`, in the upper 24 bits, of 16-byte symbols. */
  symbolAbove: 24,
  /** As `symbol`, of 16-byte symbols. */
  symbolNarrow: 25,
} as const;
export type Kind = (typeof KIND)[keyof typeof KIND];
export const KIND_COUNT = 32;
export const BUILD_ID_TEXT_LENGTH = 38;

/** Whether a reference is a field within an instruction word rather than a whole word. */
export function isWordField(kind: number): boolean {
  return kind >= KIND.a64Branch26 && kind <= KIND.armPrel31;
}

export function widthOf(kind: number): number {
  return kind === KIND.buildIdText ? BUILD_ID_TEXT_LENGTH : 4;
}

/** References of one file: the first `count` of each array, sorted by position, none overlapping another. */
export interface References {
  readonly count: number;
  readonly positions: Uint32Array;
  readonly kinds: Uint8Array;
  readonly aux: Uint32Array;
}

export const NO_REFERENCES: References = {
  count: 0,
  positions: new Uint32Array(0),
  kinds: new Uint8Array(0),
  aux: new Uint32Array(0),
};

/** More are left out: they are held in memory, 9 bytes each. */
const MAX_REFERENCES = 1 << 22;

const LEAST_LATER = 1024;

/** Gathers references in any order; cheapest in the order of their positions. */
export class ReferenceList {
  // Pages that nothing was written to are not there yet: room to spare costs no memory, growing by copying does.
  private positions: Uint32Array;
  private kinds: Uint8Array;
  private aux: Uint32Array;
  private count = 0;
  private sorted = true;
  private later = new Uint32Array(0);
  private laterCount = 0;
  private laterSorted = true;

  /** `fileSize`: of the file that is looked at. */
  constructor(fileSize: number) {
    const room = Math.min(Math.floor(fileSize / 8) + 64, MAX_REFERENCES);
    this.positions = new Uint32Array(room);
    this.kinds = new Uint8Array(room);
    this.aux = new Uint32Array(room);
  }

  add(position: number, kind: Kind, aux = 0): void {
    const at = this.count;
    if (at === MAX_REFERENCES) return;
    if (at === this.positions.length) this.grow();
    if (at > 0 && position < (this.positions[at - 1] ?? 0)) this.sorted = false;
    this.positions[at] = position;
    this.kinds[at] = kind;
    this.aux[at] = aux;
    this.count++;
  }

  /** Notes an absolute address far from where the list is now; `takeLater` adds it when the file's order comes to it. */
  addLater(position: number): void {
    const at = this.laterCount;
    if (at === MAX_REFERENCES / 4) return;
    if (at === this.later.length) {
      const grown = new Uint32Array(Math.max(2 * at, LEAST_LATER));
      grown.set(this.later);
      this.later = grown;
    }
    if (at > 0 && position < (this.later[at - 1] ?? 0)) this.laterSorted = false;
    this.later[at] = position;
    this.laterCount++;
  }

  /** Adds what was noted for positions from `start` up to `end`. */
  takeLater(start: number, end: number): void {
    const noted = this.later.subarray(0, this.laterCount);
    if (!this.laterSorted) noted.sort();
    this.laterSorted = true;
    let low = 0;
    let high = noted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((noted[middle] ?? 0) < start) low = middle + 1;
      else high = middle;
    }
    for (; low < noted.length && (noted[low] ?? 0) < end; low++) this.add(noted[low] ?? 0, KIND.absolute);
  }

  private grow(): void {
    const size = Math.min(this.positions.length * 4, MAX_REFERENCES);
    const positions = new Uint32Array(size);
    positions.set(this.positions);
    this.positions = positions;
    const kinds = new Uint8Array(size);
    kinds.set(this.kinds);
    this.kinds = kinds;
    const aux = new Uint32Array(size);
    aux.set(this.aux);
    this.aux = aux;
  }

  /**
   * Sorted by position (the first added wins among equals); what overlaps an earlier one or the file's end is dropped.
   * The list is used up.
   */
  finish(fileSize: number): References {
    if (!this.sorted) this.sort();
    const { positions, kinds, aux } = this;
    let kept = 0;
    let end = 0;
    for (let i = 0; i < this.count; i++) {
      const position = positions[i] ?? 0;
      const kind = kinds[i] ?? 0;
      if (position < end || position + widthOf(kind) > fileSize) continue;
      positions[kept] = position;
      kinds[kept] = kind;
      aux[kept] = aux[i] ?? 0;
      end = position + widthOf(kind);
      kept++;
    }
    return { count: kept, positions, kinds, aux };
  }

  private sort(): void {
    // Position above, arrival below: one sort of numbers, stable by construction.
    const keys = new Float64Array(this.count);
    for (let i = 0; i < this.count; i++) keys[i] = (this.positions[i] ?? 0) * MAX_REFERENCES + i;
    keys.sort();
    const { kinds, aux } = this;
    this.kinds = new Uint8Array(this.count);
    this.aux = new Uint32Array(this.count);
    for (let i = 0; i < this.count; i++) {
      const key = keys[i] ?? 0;
      const from = key % MAX_REFERENCES;
      this.positions[i] = Math.floor(key / MAX_REFERENCES);
      this.kinds[i] = kinds[from] ?? 0;
      this.aux[i] = aux[from] ?? 0;
    }
  }
}
