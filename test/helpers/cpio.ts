/** Archives as initial RAM disks are, byte for byte what `cpio -o -H newc` writes. */
import { createHash } from 'node:crypto';
import type { NewFiles } from '../../service/delta/archive/known-files.ts';
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

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** These files and no others, as known to whoever makes a bundle and whoever takes it. */
export function knownOf(files: readonly CpioMember[]): NewFiles {
  const find = (is: (file: CpioMember) => boolean): number | undefined => {
    const index = files.findIndex(is);
    return index < 0 ? undefined : index;
  };
  return {
    isOld: (sha256) => files.some(({ bytes }) => sha(bytes) === sha256),
    atPath: (path) => find((file) => file.path === path),
    withContent: (sha256) => find(({ bytes }) => sha(bytes) === sha256),
    hasContent: (number, sha256) => sha(files[number]?.bytes ?? Buffer.alloc(0)) === sha256,
    file: (number) => {
      const bytes = files[number]?.bytes;
      return bytes && { sizeBytes: bytes.length, read: () => bytes };
    },
  };
}
