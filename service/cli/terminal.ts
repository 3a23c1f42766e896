/** Where a command writes: text for people, JSON for programs, progress bars only where somebody watches. */
import type { WriteStream } from 'node:tty';

export interface Output {
  write(text: string): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export class Terminal {
  readonly json: boolean;
  readonly #out: Output;
  readonly #err: Output;
  #barShown = false;

  constructor(out: Output | WriteStream, err: Output | WriteStream, json: boolean) {
    this.#out = out;
    this.#err = err;
    this.json = json;
  }

  /** One line for people; not printed with `--json`. */
  say(line: string): void {
    this.clearBar();
    if (!this.json) this.#out.write(`${line}\n`);
  }

  /** The result: for programs with `--json`, else through `text`. */
  result(value: unknown, text: () => string): void {
    this.clearBar();
    this.#out.write(this.json ? `${JSON.stringify(value)}\n` : `${text()}\n`);
  }

  /** Something worth knowing that is not the result. */
  warn(line: string): void {
    this.clearBar();
    this.#err.write(`ripple: ${line}\n`);
  }

  /** Draws over the last bar; nothing where standard error is no terminal. */
  bar(label: string, done: number, total: number, detail = ''): void {
    if (this.#err.isTTY !== true || this.json) return;
    const columns = Math.min(this.#err.columns ?? 80, 100);
    const share = total > 0 ? Math.min(1, done / total) : 0;
    const tail = ` ${String(Math.floor(share * 100)).padStart(3)}% ${detail}`;
    const room = Math.max(10, columns - label.length - tail.length - 4);
    const filled = Math.round(share * room);
    this.#err.write(
      `\r\x1b[K${label} ▕${'█'.repeat(filled)}${' '.repeat(room - filled)}▏${tail}`.slice(0, columns + 8),
    );
    this.#barShown = true;
  }

  clearBar(): void {
    if (this.#barShown) this.#err.write('\r\x1b[K');
    this.#barShown = false;
  }
}

/** `1536` → `1.5 kB`; decimal units, as disks and networks count. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Columns as wide as their widest cell. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
