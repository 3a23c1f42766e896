// The files of one package, collected in memory and written to a folder at once: sorted, with modes that say what they mean.
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export class Files {
  #entries = new Map();

  /** @param {string} path below `/`, e.g. `usr/bin/ripple` @param {string | Buffer} content */
  add(path, content, mode = 0o644) {
    if (this.#entries.has(path)) throw new Error(`${path} is added twice`);
    this.#entries.set(path, { content: Buffer.from(content), mode });
  }

  folder(path) {
    this.#entries.set(path, { folder: true });
  }

  link(path, target) {
    this.#entries.set(path, { target });
  }

  /** A file of the checkout; it may be run if it may be run there. */
  copy(source, path) {
    this.add(path, readFileSync(source), statSync(source).mode & 0o100 ? 0o755 : 0o644);
  }

  /** Every file below a folder of the checkout. `keep` chooses by the path below it. */
  copyTree(source, path, keep = () => true) {
    const walk = (below) => {
      for (const name of readdirSync(join(source, below)).sort()) {
        const inner = join(below, name);
        if (statSync(join(source, inner)).isDirectory()) walk(inner);
        else if (keep(inner)) this.copy(join(source, inner), join(path, inner));
      }
    };
    walk('');
  }

  /** Sorted paths of what is no folder. */
  get names() {
    return [...this.#entries.keys()].filter((name) => !this.#entries.get(name).folder).sort();
  }

  content(path) {
    return this.#entries.get(path)?.content;
  }

  writeTo(root) {
    for (const [path, entry] of [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const place = join(root, path);
      mkdirSync(entry.folder ? place : dirname(place), { recursive: true, mode: 0o755 });
      if (entry.target !== undefined) symlinkSync(entry.target, place);
      if (entry.content === undefined) continue;
      writeFileSync(place, entry.content);
      chmodSync(place, entry.mode);
    }
  }
}
