/**
 * Debian keeps the MD5 sum of each file of a package, in a file of its own: 16 bytes that nothing can compress for each file that
 * changed. The reader has those files by then, so old lists get the new sums before a new list is made from them. Nothing is trusted
 * for its MD5 sum: a wrong guess costs bytes.
 */
import type { ReadTemplate } from './template.ts';

const LIST = /^\.\/var\/lib\/dpkg\/info\/[^/]+\.md5sums$/;
const LINE = /^[0-9a-f]{32} {2}(.+)$/gm;
const SUM_LENGTH = 32;

export class Md5Lists {
  /** Number of the new content at each path. */
  readonly #numbers = new Map<string, number>();
  readonly #lists = new Set<number>();
  readonly #sums = new Map<number, string>();

  constructor(template: ReadTemplate) {
    for (const { path, ...file } of template.files()) {
      if (file.kind !== 'new') continue;
      this.#numbers.set(path, file.number);
      if (LIST.test(path)) this.#lists.add(file.number);
    }
  }

  /** Whether sums of contents are of any use. */
  get isWanted(): boolean {
    return this.#lists.size > 0;
  }

  /** New content `number` is whole. `sum`: as 32 hexadecimal digits. */
  set(number: number, sum: string): void {
    this.#sums.set(number, sum);
  }

  /** What new content `number` is made from in place of `base`, its usual base: as long as that, or that itself. */
  refreshed(number: number, base: Uint8Array): Uint8Array {
    if (!this.#lists.has(number)) return base;
    const bytes = Buffer.from(base);
    for (const match of bytes.toString('latin1').matchAll(LINE)) {
      const sum = this.#sumOf(match[1] ?? '');
      if (sum !== undefined) bytes.write(sum.slice(0, SUM_LENGTH), match.index, 'latin1');
    }
    return bytes;
  }

  /** Packages may name files as they were before /lib and others were merged into /usr. */
  #sumOf(path: string): string | undefined {
    const number = this.#numbers.get(`./${path}`) ?? this.#numbers.get(`./usr/${path}`);
    return number === undefined ? undefined : this.#sums.get(number);
  }
}
