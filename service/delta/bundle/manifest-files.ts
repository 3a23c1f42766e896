/** The lines of a manifest as a bundle sees them: a file's line without size and hash is its *head*. */
import type { BlobRef, Sha256 } from '../../core/ports.ts';

export interface FileLine extends BlobRef {
  /** As escaped in the manifest. */
  readonly path: string;
  /** Word of the modification time. */
  readonly time: string;
}

const TAIL = / size=(0|[1-9][0-9]{0,15}) sha256=([0-9a-f]{64})$/;
const TIME = / (time=\S+)/;
const HARD_LINK = '#ripple: hardlink=';

export interface ManifestLine {
  readonly head: string;
  /** Only of a file's line. */
  readonly content?: BlobRef;
}

export function* manifestLines(manifest: Uint8Array): Generator<ManifestLine> {
  for (const line of linesOf(manifest)) {
    const tail = isFileHead(line) ? TAIL.exec(line) : null;
    if (tail?.[1] === undefined || tail[2] === undefined) yield { head: line };
    else yield { head: line.slice(0, tail.index), content: { sizeBytes: Number(tail[1]), sha256: tail[2] } };
  }
}

/** Without their line feeds; what follows the last one is a line of its own. */
export function linesOf(bytes: Uint8Array): string[] {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1').split('\n');
}

export function tailOf({ sizeBytes, sha256 }: BlobRef): string {
  return ` size=${sizeBytes} sha256=${sha256}`;
}

export function isFileHead(head: string): boolean {
  return !head.startsWith('#') && head.includes(' type=file ');
}

export function pathOf(head: string): string {
  const end = head.indexOf(' ');
  return end === -1 ? head : head.slice(0, end);
}

export function timeOf(head: string): string {
  return TIME.exec(head)?.[1] ?? '';
}

/** The path that a comment line names as the first of a hard-link group. */
export function hardLinkIn(line: string): string | undefined {
  return line.startsWith(HARD_LINK) ? line.slice(HARD_LINK.length) : undefined;
}

/** The files of the old manifest, found by path, by content and by number. */
export class OldFiles {
  readonly list: readonly FileLine[];
  /** The old manifest without sizes and hashes: what the new one's template is a difference to. */
  readonly heads: Buffer;
  readonly #byPath = new Map<string, number>();
  readonly #bySha = new Map<Sha256, number>();

  constructor(manifest: Uint8Array) {
    const list: FileLine[] = [];
    const heads: string[] = [];
    for (const { head, content } of manifestLines(manifest)) {
      heads.push(head);
      if (!content) continue;
      const path = pathOf(head);
      this.#byPath.set(path, list.length);
      if (!this.#bySha.has(content.sha256)) this.#bySha.set(content.sha256, list.length);
      list.push({ ...content, path, time: timeOf(head) });
    }
    this.list = list;
    this.heads = Buffer.from(heads.join('\n'), 'latin1');
  }

  atPath(path: string): number | undefined {
    return this.#byPath.get(path);
  }

  withContent(sha256: Sha256): number | undefined {
    return this.#bySha.get(sha256);
  }
}
