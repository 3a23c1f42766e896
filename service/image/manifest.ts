/**
 * The manifest: every entry of a tree as mtree(5) version 2.0, so that a stock `mtree -f MANIFEST -p TREE` can judge a
 * deployment. What mtree has no keyword for stands in `#ripple:` comment lines before its entry, in this order:
 * ```
 * #ripple: hardlink=<path of the first entry of the same inode>
 * #ripple: sparse
 * #ripple: xattr=<name>:<base64>          one line each, sorted by name
 * ./usr/bin/ping type=file mode=0755 uid=0 gid=0 time=1700000000.000000000 size=64 sha256=…
 * ```
 */
import type { Entry } from '../core/entry.ts';
import { compareBytes } from './entries.ts';
import { encodePath } from './mtree-path.ts';
import { visEncode } from './vis.ts';

export { MANIFEST_LIMITS, type ManifestLimits, parseManifest } from './manifest-parser.ts';

const BILLION = 1_000_000_000n;

/** Whole seconds rounded down and nine digits of nanoseconds, as `struct timespec` has it: -0.5 s is `-1.500000000`. */
function formatTime(timeNs: bigint): string {
  const nanoseconds = ((timeNs % BILLION) + BILLION) % BILLION;
  return `${(timeNs - nanoseconds) / BILLION}.${nanoseconds.toString().padStart(9, '0')}`;
}

function formatEntry(entry: Entry): string {
  const lines: string[] = [];
  if (entry.type === 'file' && entry.hardLinkOf !== undefined)
    lines.push(`#ripple: hardlink=${encodePath(entry.hardLinkOf)}\n`);
  if (entry.type === 'file' && entry.sparse) lines.push('#ripple: sparse\n');
  for (const { name, value } of [...(entry.xattrs ?? [])].sort((a, b) => compareBytes(a.name, b.name)))
    lines.push(`#ripple: xattr=${visEncode(name)}:${Buffer.from(value).toString('base64')}\n`);
  lines.push(
    `${encodePath(entry.path)} type=${entry.type} mode=0${entry.mode.toString(8).padStart(3, '0')} uid=${entry.uid} gid=${entry.gid} time=${formatTime(entry.timeNs)}`,
  );
  switch (entry.type) {
    case 'link':
      lines.push(` link=${visEncode(entry.target)}\n`);
      break;
    case 'char':
    case 'block':
      lines.push(` device=0x${entry.device.toString(16)}\n`);
      break;
    case 'file':
      lines.push(` size=${entry.sizeBytes} sha256=${entry.sha256}\n`);
      break;
    case 'dir':
    case 'fifo':
      lines.push('\n');
  }
  return lines.join('');
}

/** The same entries, in whatever order, always give the same bytes (ASCII). */
export function formatManifest(entries: readonly Entry[]): Buffer {
  const sorted = [...entries].sort((a, b) => compareBytes(a.path, b.path));
  return Buffer.from(`#mtree v2.0\n${sorted.map(formatEntry).join('')}`, 'latin1');
}
