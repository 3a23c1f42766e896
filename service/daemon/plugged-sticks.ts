/** The sticks that are plugged in and were found genuine, as sources: by mount point. */
import type { Source } from '../core/ports.ts';

interface Stick {
  readonly source: Source;
  readonly versions: readonly number[];
}

export class PluggedSticks {
  readonly #sticks = new Map<string, Stick>();

  /** `versions`: those whose release is on it. */
  add(source: Source, versions: readonly number[]): void {
    this.#sticks.set(source.id, { source, versions });
  }

  /** False: it was none of these. */
  remove(id: string): boolean {
    return this.#sticks.delete(id);
  }

  get all(): readonly Source[] {
    return [...this.#sticks.values()].map(({ source }) => source);
  }

  with(version: number): readonly Source[] {
    return [...this.#sticks.values()].flatMap(({ source, versions }) => (versions.includes(version) ? [source] : []));
  }

  /** What is on the stick `id`; `undefined` when there is none of this name. */
  versions(id: string): readonly number[] | undefined {
    return this.#sticks.get(id)?.versions;
  }
}
