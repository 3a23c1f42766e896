/** One look around: who has what, and is it real? */
import { asRippleError, type RippleError } from '../api/errors.ts';
import type { VersionInfo } from '../api/model.ts';
import type { Logger, Source } from '../core/ports.ts';
import type { Release } from '../image/documents.ts';
import { noAnswer } from './no-answer.ts';
import type { CheckPart } from './parts.ts';
import type { SourceBook } from './source-book.ts';
import type { TrustKeeper } from './trust-keeper.ts';

/** Of a whole school only so many are asked in one look; the next look asks others. */
const MOST_ASKED = 12;
/** After the first answer the others have so long; whoever is slower is asked in the next look. */
const STRAGGLER_MS = 4000;

export interface CheckerOptions {
  readonly image: string;
  readonly trust: TrustKeeper;
  readonly sources: SourceBook;
  readonly logger: Logger;
  booted(): number;
  /** Bytes that would have to be fetched for this release, and its notes by language; rejects when nobody gives them. */
  describe(
    release: Release,
    signal: AbortSignal,
  ): Promise<{ readonly downloadSizeBytes: number; readonly notes: Readonly<Record<string, string>> }>;
}

interface Found {
  readonly release: Release;
  readonly sources: Set<string>;
}

export class Checker implements CheckPart {
  readonly #options: CheckerOptions;
  constructor(options: CheckerOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<readonly VersionInfo[]> {
    const { sources, logger } = this.#options;
    const asked = sources.toAsk(MOST_ASKED);
    const found = new Map<number, Found>();
    const troubles: RippleError[] = [];
    let answered = 0;
    // One that stalls must not keep everybody waiting once others have answered.
    const late = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const ask = async (source: Source): Promise<void> => {
      try {
        await this.#ask(source, found, AbortSignal.any([signal, late.signal]));
        answered += 1;
        timer ??= setTimeout(() => late.abort(), STRAGGLER_MS);
      } catch (thrown) {
        const error = asRippleError(thrown);
        troubles.push(error);
        sources.blame(source, error);
        logger.warn('a source was no help', { source: source.id, code: error.code, message: error.message });
      }
    };
    await Promise.all(asked.map(ask));
    clearTimeout(timer);
    const last = answered > 0 ? [] : sources.lastResorts();
    for (const source of last) {
      if (answered > 0) break;
      await ask(source);
    }
    clearTimeout(timer);
    signal.throwIfAborted();
    if (answered === 0) throw noAnswer(asked.length + last.length, troubles, sources.bannedCount());
    const ascending = [...found.values()].sort((a, b) => a.release.version - b.release.version);
    return Promise.all(ascending.map((one) => this.#describe(one, signal)));
  }

  async #ask(source: Source, found: Map<number, Found>, signal: AbortSignal): Promise<void> {
    const { trust, image, sources } = this.#options;
    const above = this.#options.booted();
    await trust.advance(source, signal);
    const latest = await trust.latest(source, image, signal);
    const wanted = new Set([...sources.announcedBy(source.id), ...(latest ? [latest.version] : [])]);
    for (const version of wanted) {
      if (version <= above) continue;
      const release = await trust.release(source, image, version, above, signal);
      if (!release) continue;
      const known = found.get(version) ?? { release, sources: new Set<string>() };
      found.set(version, known);
      if (sources.holds(source.id, version)) known.sources.add(source.id);
    }
  }

  async #describe({ release, sources }: Found, signal: AbortSignal): Promise<VersionInfo> {
    const told = await this.#options.describe(release, signal).catch((thrown: unknown) => {
      this.#options.logger.warn('the manifest or the notes did not come yet', {
        version: release.version,
        message: asRippleError(thrown).message,
      });
      return { downloadSizeBytes: 0, notes: {} };
    });
    return {
      version: release.version,
      severity: release.severity,
      released: release.released,
      sources: [...sources],
      local: false,
      ...told,
    };
  }
}
