import { createHash } from 'node:crypto';
import { RippleError } from '../../api/errors.ts';
import type { Base } from '../ripdiff/index.ts';
import type { BaseFile } from './new-files.ts';

/** An old file here is not what its manifest says: not the bundle's fault. */
export class DamagedBaseError extends RippleError {
  constructor(path: string) {
    super('HashMismatch', `${path} is not what the manifest says; repair it: ripple repair`);
  }
}

export function sizeOf(base: BaseFile): number {
  return base.kind === 'old' ? base.file.sizeBytes : base.content.sizeBytes;
}

/** @throws RippleError if one of `files`, which `base` was put together from, is not what it should be */
export function requireBase(files: readonly BaseFile[], base: Base | undefined): void {
  for (const [i, each] of files.entries()) {
    const bytes = base?.bytes.subarray(base.ends[i - 1] ?? 0, base.ends[i]) ?? new Uint8Array(0);
    const { sha256 } = each.kind === 'old' ? each.file : each.content;
    if (createHash('sha256').update(bytes).digest('hex') === sha256) continue;
    throw damagedBase(each);
  }
}

/** What is said of a base that is not what it should be. */
export function damagedBase(base: BaseFile): RippleError {
  if (base.kind === 'old') return new DamagedBaseError(base.file.path);
  const { sha256 } = base.content;
  return new RippleError('IoError', `content ${sha256} was unpacked and is something else now; try again`);
}
