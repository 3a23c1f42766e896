import { bzip2Compress } from '../../service/delta/bzip2/writer.ts';

export interface CraftedDiff {
  /** Bytes to add, bytes of its own, how far to move on in the old file. */
  readonly control: readonly (readonly [bigint | number, bigint | number, bigint | number])[];
  readonly differences?: Uint8Array;
  readonly extra?: Uint8Array;
  readonly newBytes: bigint | number;
  /** In place of what the parts have. */
  readonly controlBytes?: bigint | number;
  readonly differenceBytes?: bigint | number;
}

/** A diff in bsdiff's format with exactly these numbers in it, sensible or not. */
export function craftedDiff(craft: CraftedDiff): Buffer {
  const control = bzip2Compress(Buffer.concat(craft.control.flatMap((triple) => triple.map(signMagnitude))));
  const differences = bzip2Compress(craft.differences ?? Buffer.alloc(0));
  const extra = bzip2Compress(craft.extra ?? Buffer.alloc(0));
  return Buffer.concat([
    Buffer.from('BSDIFF40'),
    signMagnitude(craft.controlBytes ?? control.length),
    signMagnitude(craft.differenceBytes ?? differences.length),
    signMagnitude(craft.newBytes),
    control,
    differences,
    extra,
  ]);
}

function signMagnitude(value: bigint | number): Buffer {
  const number = BigInt(value);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(number < 0n ? -number | (1n << 63n) : number);
  return bytes;
}
