/** Neighbours that are themselves getting what is wanted, asked over HTTP which pieces each has; `partner-book.ts` says who and when. */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { pieceMapBytes } from '../core/piece-map.ts';
import type { Sha256, Source } from '../core/ports.ts';
import { SourceError } from '../core/source-error.ts';
import { ASK_MS, PartnerBook, type PartnerBookOptions } from './partner-book.ts';

export interface PieceMapsOptions extends PartnerBookOptions<Source> {
  readonly manifest: Sha256;
}

export class PieceMaps extends PartnerBook {
  readonly #manifest: Sha256;
  readonly #mapBytes: number;
  /** The questions that are out before the fetch begins. */
  #first: Promise<void>[] = [];
  readonly #asking = new AbortController();

  constructor({ manifest, ...options }: PieceMapsOptions) {
    super(options);
    this.#manifest = manifest;
    this.#mapBytes = pieceMapBytes(options.pieces?.length ?? 0);
    setMaxListeners(0, this.#asking.signal);
  }

  /** Hears what the present partners have, but waits no longer than a moment: else the server is asked for what is near. */
  async begin(): Promise<void> {
    this.refresh();
    await Promise.race([Promise.all(this.#first), sleep(ASK_MS, undefined, { ref: false })]);
  }

  /** The partners, after those that left were replaced by others; each is asked for its map when that is due. */
  refresh(): readonly Source[] {
    const due = this.lookAround();
    if (due.length > 0) this.#first = due.map((source) => this.#ask(source));
    return this.sources;
  }

  /** Nobody is asked any more. */
  stop(): void {
    this.#asking.abort();
  }

  async #ask(source: Source): Promise<void> {
    // Of one that does not answer, discovery finds out whether it really left.
    const path = `have/${this.#manifest}`;
    try {
      this.told(source, await source.readDocument(path, this.#mapBytes, this.#asking.signal));
    } catch (error) {
      this.told(source, undefined);
      const reason = error instanceof SourceError ? error.reason : undefined;
      if (reason === 'unreachable' || reason === 'stalled') this.unreached(source);
    }
  }
}
