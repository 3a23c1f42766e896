/**
 * What happens when a stick is plugged in: a repository of our image is judged by its signatures first, and only a genuine one
 * becomes a source, until it is pulled out. A stick that is none of ours is left alone.
 */
import { asRippleError } from '../api/errors.ts';
import type { Logger } from '../core/ports.ts';
import { FolderSource } from '../fetch/folder-source.ts';
import { lookAtStick } from '../stick/look.ts';
import type { PluggedSticks } from './plugged-sticks.ts';
import type { TrustKeeper } from './trust-keeper.ts';

export interface StickKeeperOptions {
  readonly image: string;
  readonly trust: Pick<TrustKeeper, 'advance' | 'latest' | 'release'>;
  readonly sticks: PluggedSticks;
  readonly logger: Logger;
  booted(): number;
  /** A stick is a source from now on; `isNews`: it has a version above the one that runs. */
  pluggedIn(id: string, isNews: boolean): void;
  /** It is none any more. */
  pulledOut(id: string): void;
}

/** A hub full of sticks is somebody's joke. */
const MOST_STICKS = 8;
/** Of a stick the newest so many releases are judged. */
const MOST_RELEASES = 4;

export class StickKeeper {
  readonly #options: StickKeeperOptions;
  /** By mount point, also those that are no source. */
  readonly #mounted = new Map<string, AbortController>();
  #isStopped = false;

  constructor(options: StickKeeperOptions) {
    this.#options = options;
  }

  /** `mounts`: all that are there now. */
  mounted(mounts: readonly string[]): void {
    if (this.#isStopped) return;
    for (const [mount, ended] of this.#mounted) if (!mounts.includes(mount)) this.#gone(mount, ended);
    for (const mount of mounts) {
      if (this.#mounted.has(mount) || this.#mounted.size >= MOST_STICKS) continue;
      const ended = new AbortController();
      this.#mounted.set(mount, ended);
      void this.#judge(mount, ended.signal);
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const ended of this.#mounted.values()) ended.abort();
  }

  #gone(mount: string, ended: AbortController): void {
    const { sticks, logger, pulledOut } = this.#options;
    ended.abort();
    this.#mounted.delete(mount);
    if (!sticks.remove(mount)) return;
    logger.info('a stick was pulled out', { stick: mount });
    pulledOut(mount);
  }

  async #judge(mount: string, signal: AbortSignal): Promise<void> {
    const { image, sticks, logger, booted, pluggedIn } = this.#options;
    const look = await lookAtStick(mount, image);
    if (signal.aborted || look.kind === 'none') return;
    if (look.kind === 'link') {
      logger.warn('a stick is not used: links on it are not followed', { stick: mount, link: look.name });
      return;
    }
    try {
      const source = new FolderSource(mount);
      const isNews = await this.#isNews(source, look.versions, signal);
      if (signal.aborted) return;
      const newest = look.versions.at(-1) ?? 0;
      if (newest < booted()) return;
      sticks.add(source, look.versions);
      logger.info('a stick with a repository was plugged in', { stick: mount, version: newest });
      pluggedIn(mount, isNews);
    } catch (thrown) {
      if (signal.aborted) return;
      const { code, message } = asRippleError(thrown);
      logger.warn('a stick is not used', { stick: mount, code, message });
    }
  }

  /** Whether it has a genuine release above the version that runs. @throws RippleError when something on it is not real */
  async #isNews(source: FolderSource, versions: readonly number[], signal: AbortSignal): Promise<boolean> {
    const { image, trust, booted } = this.#options;
    await trust.advance(source, signal);
    await trust.latest(source, image, signal);
    const newer = versions.filter((version) => version > booted()).slice(-MOST_RELEASES);
    let isNews = false;
    for (const version of newer) if (await trust.release(source, image, version, booted(), signal)) isNews = true;
    return isNews;
  }
}
