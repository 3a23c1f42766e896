/** Archives as initial RAM disks are, byte for byte what `cpio -o -H newc` writes. */
export interface CpioMember {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export function cpioOf(members: readonly CpioMember[]): Buffer {
  const parts = [...members.map(({ path, bytes }) => memberOf(path, bytes, 0o100644)), memberOf('TRAILER!!!', [], 0)];
  const all = Buffer.concat(parts);
  return Buffer.concat([all, Buffer.alloc((512 - (all.length % 512)) % 512)]);
}

function memberOf(path: string, bytes: ArrayLike<number>, mode: number): Buffer {
  const fields = [7, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, path.length + 1, 0];
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${path}\0`;
  return Buffer.concat([toFour(Buffer.from(head, 'latin1')), toFour(Buffer.from(Array.from(bytes)))]);
}

function toFour(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
