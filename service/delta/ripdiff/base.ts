/** What a file is made from: the bytes of one file, or of several that are laid one after another. */
export interface Base {
  readonly bytes: Uint8Array;
  /** Where each of them ends; the last one with the bytes. */
  readonly ends: readonly number[];
}

export function baseOf(file: Uint8Array): Base {
  return { bytes: file, ends: [file.length] };
}

export const NO_BASE: Base = baseOf(new Uint8Array(0));

/** Copies, unless there is only one. */
export function joined(files: readonly Uint8Array[]): Base {
  const [first, second] = files;
  if (!first) return NO_BASE;
  if (!second) return baseOf(first);
  let end = 0;
  const ends = files.map((file) => {
    end += file.length;
    return end;
  });
  return { bytes: Buffer.concat(files), ends };
}

export function filesOf({ bytes, ends }: Base): Uint8Array[] {
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}
