/** Who gave and who lied, kept over restarts: good neighbours are asked first again, and a liar stays out for its day. */
import { readFileSync } from 'node:fs';
import { asRippleError } from '../api/errors.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { RememberedSource, SourceLedger } from '../core/source-ledger.ts';
import { JsonObject } from '../image/json-reader.ts';
import { writeDurablySync } from '../sys/durable.ts';

const MOST = 512;
/** Of an id: neighbours have 48 at most, servers have URLs. */
const LONGEST_ID = 256;
/** What is left of a ban is written down in steps, so that the file does not change all the time. */
const BAN_STEP_MS = 60_000;

export class SourceMemory {
  readonly #file: string;
  readonly #ledger: SourceLedger;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #written: string;

  /** Gives the ledger what an earlier run knew; from now on a ban is written down at once. */
  constructor(file: string, ledger: SourceLedger, clock: Clock, logger: Logger) {
    this.#file = file;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#logger = logger;
    ledger.recall(readSources(file), clock.monotonicMs());
    this.#written = this.#text();
    ledger.onBan(() => this.write());
  }

  /** On disk when it returns, where the disk can be written to. */
  write(): void {
    const text = this.#text();
    if (text === this.#written) return;
    try {
      writeDurablySync(this.#file, Buffer.from(text));
      this.#written = text;
    } catch (thrown) {
      this.#logger.warn('cannot write down who gave and who lied', { message: asRippleError(thrown).message });
    }
  }

  #text(): string {
    const sources = this.#ledger
      .remembered(this.#clock.monotonicMs(), MOST)
      .filter(({ id }) => id.length <= LONGEST_ID)
      .map((one) => ({ ...one, bannedForMs: Math.ceil(one.bannedForMs / BAN_STEP_MS) * BAN_STEP_MS }));
    return `${JSON.stringify({ sources })}\n`;
  }
}

/** Nobody when the file is missing or damaged. */
function readSources(file: string): readonly RememberedSource[] {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const sources: unknown = new Map(Object.entries(value ?? {})).get('sources');
    if (!Array.isArray(sources)) return [];
    return sources.slice(0, MOST).map((one: unknown) => {
      const json = new JsonObject('sources', '', one);
      return {
        id: json.string('id', LONGEST_ID),
        proven: json.boolean('proven'),
        rateBytesPerSecond: json.integer('rateBytesPerSecond', 0, 1e12),
        bannedForMs: json.integer('bannedForMs', 0, 1e9),
      };
    });
  } catch {
    return [];
  }
}
