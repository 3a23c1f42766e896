/** Results that are kept from run to run, as long as what they were measured with is the same. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../measure.ts';
import type { Pair } from './corpus.ts';
import type { Outcome, Rival } from './rival.ts';
import { type Change, sha256Of } from './tree-files.ts';

export interface Measured {
  readonly outcome: Outcome | undefined;
  /** Why there is no outcome. */
  readonly failed: string;
  /** UTC. */
  readonly date: string;
  /** By other code of ours than what is here now. */
  readonly isStale?: boolean;
}

interface Kept extends Measured {
  readonly key: string;
  readonly code?: string;
}

export class KeptResults {
  readonly #folder: string;
  readonly #versions = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `staleToo`: even if our own code was another then. */
  find(pair: Pair, rival: Rival, changes: readonly Change[], staleToo: boolean): Measured | undefined {
    const file = this.#file(pair, rival);
    if (!existsSync(file)) return undefined;
    const kept: Kept = JSON.parse(readFileSync(file, 'utf8'));
    if (kept.key !== this.#key(pair, rival, changes)) return undefined;
    if (kept.code === rival.code) return kept;
    return staleToo ? { ...kept, isStale: true } : undefined;
  }

  keep(pair: Pair, rival: Rival, changes: readonly Change[], measured: Measured): void {
    const file = this.#file(pair, rival);
    mkdirSync(dirname(file), { recursive: true });
    const { code } = rival;
    const kept: Kept = { ...measured, key: this.#key(pair, rival, changes), ...(code === undefined ? {} : { code }) };
    writeFileSync(file, JSON.stringify(kept, undefined, 1));
  }

  #file(pair: Pair, rival: Rival): string {
    return join(this.#folder, pair.name, `${rival.name.replace(/[^a-z0-9]/g, '')}.json`);
  }

  #key(pair: Pair, { recipe, packages }: Rival, changes: readonly Change[]): string {
    const contents = changes.map(({ sha256, baseSha256 }) => [sha256, baseSha256 ?? '']);
    const versions = packages.map((name) => this.#versionOf(name));
    return sha256Of(JSON.stringify([recipe, versions, pair.versions, contents]));
  }

  #versionOf(name: string): string {
    const version = this.#versions.get(name) ?? run('dpkg-query', '-W', '-f', `\${Version}`, name);
    this.#versions.set(name, version);
    return version;
  }
}
