/**
 * How the new file is made, block by block: `addBytes` bytes copied from `oldPositions` on, each to be corrected, then
 * `extraBytes` bytes of its own. The first `count` entries of each array count.
 */
export interface Blocks {
  readonly count: number;
  readonly addBytes: Uint32Array;
  readonly extraBytes: Uint32Array;
  readonly oldPositions: Uint32Array;
}

export function sameBlocks(a: Blocks, b: Blocks): boolean {
  if (a.count !== b.count) return false;
  for (let i = 0; i < a.count; i++)
    if (
      a.addBytes[i] !== b.addBytes[i] ||
      a.extraBytes[i] !== b.extraBytes[i] ||
      a.oldPositions[i] !== b.oldPositions[i]
    )
      return false;
  return true;
}

export class BlockList implements Blocks {
  count = 0;
  addBytes = new Uint32Array(64);
  extraBytes = new Uint32Array(64);
  oldPositions = new Uint32Array(64);

  push(addBytes: number, extraBytes: number, oldPosition: number): void {
    if (this.count === this.addBytes.length) {
      this.addBytes = doubled(this.addBytes);
      this.extraBytes = doubled(this.extraBytes);
      this.oldPositions = doubled(this.oldPositions);
    }
    this.addBytes[this.count] = addBytes;
    this.extraBytes[this.count] = extraBytes;
    this.oldPositions[this.count] = oldPosition;
    this.count++;
  }
}

function doubled(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(array.length * 2);
  grown.set(array);
  return grown;
}
