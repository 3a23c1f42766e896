/** The "new ASCII" cpio format (cpio(5)): what an initial RAM disk is. */

export const CPIO_HEADER_BYTES = 110;
const MAGICS: readonly string[] = ['070701', '070702'];
const FIELD = { mode: 1, sizeBytes: 6, nameBytes: 11 } as const;
const TYPE = { mask: 0o170000, file: 0o100000 } as const;
const MAX_NAME_BYTES = 4096;
export const CPIO_TRAILER = 'TRAILER!!!';
const HEX = /^[0-9a-fA-F]{8}$/;

export interface CpioHeader {
  readonly isFile: boolean;
  /** Of the data. */
  readonly sizeBytes: number;
  /** With the zero at its end. */
  readonly nameBytes: number;
}

/** What the 110 bytes of a header say; undefined if they are none. */
export function readCpioHeader(bytes: Uint8Array): CpioHeader | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  if (bytes.length < CPIO_HEADER_BYTES || !MAGICS.includes(text.slice(0, 6))) return undefined;
  const field = (index: number): number | undefined => {
    const digits = text.slice(6 + 8 * index, 14 + 8 * index);
    return HEX.test(digits) ? Number.parseInt(digits, 16) : undefined;
  };
  const [mode, sizeBytes, nameBytes] = [field(FIELD.mode), field(FIELD.sizeBytes), field(FIELD.nameBytes)];
  if (mode === undefined || sizeBytes === undefined || nameBytes === undefined) return undefined;
  if (nameBytes < 1 || nameBytes > MAX_NAME_BYTES) return undefined;
  return { isFile: (mode & TYPE.mask) === TYPE.file, sizeBytes, nameBytes };
}

/** Header, name and data all end at a multiple of four bytes. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

/** How long the uncompressed archive is with which the file begins, and the zeros after it; 0 if it begins with none. */
export function leadingCpioBytes(file: Uint8Array): number {
  for (let at = 0; ; ) {
    const header = readCpioHeader(file.subarray(at, at + CPIO_HEADER_BYTES));
    if (!header) return 0;
    const nameAt = at + CPIO_HEADER_BYTES;
    const name = Buffer.from(file.subarray(nameAt, nameAt + header.nameBytes - 1)).toString('latin1');
    at = padded(padded(nameAt + header.nameBytes) + header.sizeBytes);
    if (name !== CPIO_TRAILER) continue;
    while (file[at] === 0) at++;
    return at;
  }
}
