/** The release of a version from whoever knows it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { asRippleError, RippleError } from '../api/errors.ts';
import type { Logger, Source } from '../core/ports.ts';
import type { Release } from '../image/documents.ts';
import { noAnswer } from './no-answer.ts';
import { LOOK_AGAIN_MS, NOBODY_PATIENCE_MS } from './patience.ts';
import type { SourceBook } from './source-book.ts';
import type { Switcher } from './switcher.ts';
import type { TrustKeeper } from './trust-keeper.ts';

export interface ReleaseAskerOptions {
  readonly image: string;
  readonly trust: TrustKeeper;
  readonly sources: SourceBook;
  readonly switcher: Switcher;
  readonly logger: Logger;
}

export class ReleaseAsker {
  readonly #options: ReleaseAskerOptions;
  constructor(options: ReleaseAskerOptions) {
    this.#options = options;
  }

  /**
   * The kept one, or from somebody near, of a version above `above` (default: the one that runs). A laptop that has just started has not heard of anybody yet: it waits a while.
   * @throws RippleError `UnknownVersion` when all say that there is none, `NoSource`, `SignatureInvalid`
   */
  async release(version: number, signal: AbortSignal, above?: number): Promise<Release> {
    const { image, sources, trust, switcher } = this.#options;
    const kept = await trust.keptRelease(image, version);
    if (kept) return kept;
    for (let waitedMs = 0; ; waitedMs += LOOK_AGAIN_MS) {
      const asked = sources.toAsk(Number.POSITIVE_INFINITY);
      const troubles: RippleError[] = [];
      for (const source of asked) {
        const answer = await this.#ask(source, version, above ?? switcher.facts().booted, signal);
        if (answer instanceof RippleError) troubles.push(answer);
        else if (answer) return answer;
      }
      let answered = asked.length - troubles.length;
      const last = answered > 0 ? [] : sources.lastResorts();
      for (const source of last) {
        const answer = await this.#ask(source, version, above ?? switcher.facts().booted, signal);
        if (answer instanceof RippleError) troubles.push(answer);
        else if (answer) return answer;
        else answered += 1;
      }
      if (answered > 0) throw new RippleError('UnknownVersion', `nobody near knows a version ${version} of ${image}`);
      const askedCount = asked.length + last.length;
      if (askedCount > 0 || waitedMs >= NOBODY_PATIENCE_MS) throw noAnswer(askedCount, troubles, sources.bannedCount());
      await sleep(LOOK_AGAIN_MS, undefined, { signal });
    }
  }

  async #ask(
    source: Source,
    version: number,
    above: number,
    signal: AbortSignal,
  ): Promise<Release | RippleError | undefined> {
    const { trust, image, sources, logger } = this.#options;
    try {
      await trust.advance(source, signal);
      return await trust.release(source, image, version, above, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asRippleError(thrown);
      sources.blame(source, error);
      logger.warn('a source was no help', { source: source.id, code: error.code, message: error.message });
      return error;
    }
  }
}
