/**
 * Whether a neighbour's HTTP side answers: the only thing that decides on its presence, because mDNS keeps a dead
 * laptop listed for hours and takes goodbyes from anybody. One question is about ten packets, so it is asked only
 * when something hangs on it; whoever calls decides when.
 */
import { type ClientRequest, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** Together at most 10 s for a laptop that fell silent; one that closed its port is known in 1–2 s. */
const ATTEMPTS = 2;
const TIMEOUT_MS = 4_000;
const PAUSE_MS = 1_000;
const MAX_AT_ONCE = 8;
const MAX_WAITING = 512;
const MAX_HEADER_BYTES = 4_096;

export class Liveness {
  readonly #running = new Map<string, Promise<boolean | undefined>>();
  readonly #requests = new Set<ClientRequest>();
  readonly #waiting: (() => void)[] = [];
  #free = MAX_AT_ONCE;
  #stopped = false;

  /**
   * Whether `url` gives any HTTP answer at all, within two attempts; a question that runs already is joined.
   * `undefined`: not asked to the end, because this was stopped or too many questions wait.
   */
  probe(url: string, image: string): Promise<boolean | undefined> {
    const running = this.#running.get(url);
    if (running) return running;
    if (this.#waiting.length >= MAX_WAITING) return Promise.resolve(undefined);
    const asked = this.#ask(`${url}/images/${encodeURIComponent(image)}/latest.pgp`).finally(() =>
      this.#running.delete(url),
    );
    this.#running.set(url, asked);
    return asked;
  }

  stop(): void {
    this.#stopped = true;
    for (const asking of this.#requests) asking.destroy();
    for (const go of this.#waiting.splice(0)) go();
  }

  async #ask(url: string): Promise<boolean | undefined> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((go) => this.#waiting.push(go));
    try {
      for (let attempt = 1; attempt <= ATTEMPTS && !this.#stopped; attempt++) {
        if (attempt > 1) await pause(PAUSE_MS * (1 + Math.random()), undefined, { ref: false });
        if (!this.#stopped && (await this.#head(url))) return true;
      }
      return this.#stopped ? undefined : false;
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }

  #head(url: string): Promise<boolean> {
    return new Promise((resolve) => {
      const asking = request(url, { method: 'HEAD', agent: false, maxHeaderSize: MAX_HEADER_BYTES });
      const timer = setTimeout(() => asking.destroy(), TIMEOUT_MS).unref();
      this.#requests.add(asking);
      asking.on('response', () => {
        resolve(true);
        asking.destroy();
      });
      asking.on('error', () => resolve(false));
      asking.on('close', () => {
        clearTimeout(timer);
        this.#requests.delete(asking);
        resolve(false);
      });
      asking.end();
    });
  }
}
