/** The order that stands: verified, kept on disk, handed on. Whether this laptop does as it says is `order-follower.ts`. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { asRippleError, RippleError } from '../api/errors.ts';
import type { Clock, Logger, Source } from '../core/ports.ts';
import { formatRepositoryPath } from '../core/repository-path.ts';
import { SignatureError } from '../core/signature-error.ts';
import { SourceError } from '../core/source-error.ts';
import { MAX_DOCUMENT_BYTES, type Order } from '../image/documents.ts';
import type { Verified } from '../sign/verifier.ts';
import { writeDurablySync } from '../sys/durable.ts';
import type { Memory } from './memory.ts';
import type { SourceBook } from './source-book.ts';
import type { TrustKeeper } from './trust-keeper.ts';

/** What a path in a repository can say. */
const HIGHEST_EPOCH = 999_999_999;
/** Neighbours that announce together cause one look. */
const SETTLE_MS = 300;
/** One that announces an order and does not give a good one is left for so long. */
const LEFT_ALONE_MS = 30_000;
const LOOK_AGAIN_MS = 60_000;
const ASK_MS = 20_000;
const MOST_ASKED = 4;

export interface StandingOrder {
  readonly order: Order;
  /** Monotonic: when this process heard it, or read it from the disk. */
  readonly heardMs: number;
}

export interface OrderKeeperOptions {
  readonly image: string;
  readonly trust: TrustKeeper;
  readonly memory: Memory;
  /** Absent where orders only come from outside. */
  readonly sources?: Pick<SourceBook, 'orderCarriers' | 'blame'>;
  /** Where the order of this number lies; what else is of this shape in the folder is an older one. */
  fileOf(epoch: number): string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class OrderKeeper {
  readonly #options: OrderKeeperOptions;
  readonly #listeners: ((isNew: boolean) => void)[] = [];
  readonly #leftAlone = new Map<string, { readonly epoch: number; readonly untilMs: number }>();
  readonly #stopping = new AbortController();
  #standing: (StandingOrder & { readonly bytes: Uint8Array }) | undefined;
  /** One thing after the other: what is judged by one keyring must not be kept under the next. */
  #work: Promise<unknown> = Promise.resolve();
  #soon: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;

  constructor(options: OrderKeeperOptions) {
    this.#options = options;
    options.trust.onKeyring(() => void this.#then(() => this.#judgeAgain()));
  }

  /** Takes up what an earlier run kept, if it still verifies. */
  async start(): Promise<void> {
    await this.#then(() => this.#readKept());
    this.#again = setInterval(() => this.neighboursChanged(), LOOK_AGAIN_MS);
    this.#again.unref();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#soon);
    clearInterval(this.#again);
    await this.#work;
  }

  standing(): StandingOrder | undefined {
    return this.#standing;
  }

  /** What is announced: only an order that is here and can be handed on. */
  get epoch(): number {
    return this.#standing?.order.epoch ?? 0;
  }

  /** Called after the order changed; `isNew`: one was heard, not dropped or found again. */
  onChange(listener: (isNew: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** @throws RippleError `SignatureInvalid`, `OrderRefused` (older, or another one of this number), `InvalidArgument` */
  publish(bytes: Uint8Array): Promise<void> {
    return this.#then(async () => {
      try {
        this.#keep(await this.#judge(bytes));
      } catch (error) {
        if (error instanceof SignatureError && error.reason === 'stale-epoch')
          throw new RippleError('OrderRefused', error.message, { cause: error });
        throw error;
      }
    });
  }

  /** Somebody may announce a newer order. */
  neighboursChanged(): void {
    if (this.#soon || this.#stopping.signal.aborted || this.#carriers().length === 0) return;
    this.#soon = setTimeout(() => {
      this.#then(() => this.#ask()).finally(() => {
        this.#soon = undefined;
      });
    }, SETTLE_MS);
    this.#soon.unref();
  }

  /** Who announces what is newer than what is here. What was lost is asked for again, by its number. */
  #carriers(): readonly { readonly source: Source; readonly epoch: number }[] {
    const { sources, memory, clock } = this.#options;
    const above = this.#standing?.order.epoch ?? Math.max(0, memory.state.orderEpoch - 1);
    const now = clock.monotonicMs();
    const carriers = sources?.orderCarriers(above) ?? [];
    return carriers.filter(({ source, epoch }) => {
      const left = this.#leftAlone.get(source.id);
      return epoch <= HIGHEST_EPOCH && !(left && left.epoch === epoch && left.untilMs > now);
    });
  }

  async #ask(): Promise<void> {
    const { logger, clock, sources } = this.#options;
    for (const { source, epoch } of this.#carriers().slice(0, MOST_ASKED)) {
      if (this.#stopping.signal.aborted || epoch <= this.epoch) return;
      try {
        await this.#askOne(source, epoch);
      } catch (thrown) {
        if (this.#stopping.signal.aborted) return;
        const error = asRippleError(thrown);
        if (this.#leftAlone.size > 1000) this.#leftAlone.clear();
        this.#leftAlone.set(source.id, { epoch, untilMs: clock.monotonicMs() + LEFT_ALONE_MS });
        sources?.blame(source, error);
        logger.warn('no order from there', { source: source.id, code: error.code, message: error.message });
      }
    }
  }

  async #askOne(source: Source, epoch: number): Promise<void> {
    const { trust, image } = this.#options;
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(ASK_MS)]);
    // The key may be one of a newer keyring, or have been revoked there.
    await trust.advance(source, signal);
    const path = formatRepositoryPath({ kind: 'order', image, epoch });
    const bytes = await source.readDocument(path, MAX_DOCUMENT_BYTES, signal);
    if (!bytes) throw new SourceError('missing', source.id, `announces order ${epoch} and does not have it`);
    const verified = await this.#judge(bytes);
    if (verified.document.epoch !== epoch)
      throw new SourceError('lied', source.id, `gives order ${verified.document.epoch} for order ${epoch}`);
    this.#keep(verified);
  }

  #judge(bytes: Uint8Array): Promise<Verified<Order>> {
    return this.#options.trust.order(bytes, this.#options.image);
  }

  #keep({ document: order, bytes, trustedTimeSeconds }: Verified<Order>): void {
    const { memory, logger, clock, fileOf } = this.#options;
    const before = this.#standing;
    if (before && order.epoch <= before.order.epoch) {
      if (Buffer.from(before.bytes).equals(bytes)) return;
      throw new RippleError('OrderRefused', `there is another order ${before.order.epoch} already: number it higher`);
    }
    if (order.epoch > HIGHEST_EPOCH)
      throw new RippleError('OrderRefused', `order ${order.epoch}: the number must be at most ${HIGHEST_EPOCH}`);
    mkdirSync(dirname(fileOf(order.epoch)), { recursive: true });
    // First the file: after a crash between the two it is found and judged again.
    writeDurablySync(fileOf(order.epoch), bytes);
    memory.update({ orderEpoch: order.epoch, trustedTimeSeconds });
    this.#standing = { order, bytes, heardMs: clock.monotonicMs() };
    this.#removeOthers(order.epoch);
    logger.info('an order', { epoch: order.epoch, version: order.version, classes: order.classes });
    this.#tell(true);
  }

  async #readKept(): Promise<void> {
    for (const epoch of this.#kept()) {
      const bytes = readFileSync(this.#options.fileOf(epoch));
      if (await this.#stillHolds(bytes, epoch)) return this.#removeOthers(epoch);
    }
  }

  /** After the keyring moved on: a revoked key's order is dropped. */
  async #judgeAgain(): Promise<void> {
    const before = this.#standing;
    if (!before || (await this.#stillHolds(before.bytes, before.order.epoch))) return;
    this.#standing = undefined;
    this.#tell(false);
  }

  /** Removes what does not verify any more. */
  async #stillHolds(bytes: Uint8Array, epoch: number): Promise<boolean> {
    const { memory, clock, logger, fileOf } = this.#options;
    try {
      const { document: order, trustedTimeSeconds } = await this.#judge(bytes);
      if (order.epoch !== epoch)
        throw new SignatureError('malformed', `the order in ${fileOf(epoch)} is ${order.epoch}`);
      memory.update({ orderEpoch: epoch, trustedTimeSeconds });
      this.#standing ??= { order, bytes, heardMs: clock.monotonicMs() };
      return true;
    } catch (thrown) {
      logger.warn('an order counts no more', { epoch, message: asRippleError(thrown).message });
      rmSync(fileOf(epoch), { force: true });
      return false;
    }
  }

  #removeOthers(epoch: number): void {
    for (const other of this.#kept()) if (other !== epoch) rmSync(this.#options.fileOf(other), { force: true });
  }

  /** Numbers of the orders on disk, highest first. */
  #kept(): readonly number[] {
    const { fileOf } = this.#options;
    const folder = dirname(fileOf(1));
    let names: readonly string[];
    try {
      names = readdirSync(folder);
    } catch {
      return [];
    }
    return names
      .map((name) => Number(/([1-9][0-9]{0,8})\.pgp$/.exec(name)?.[1] ?? 0))
      .filter((epoch, index) => epoch > 0 && fileOf(epoch) === join(folder, basename(names[index] ?? '')))
      .sort((a, b) => b - a);
  }

  #tell(isNew: boolean): void {
    for (const listener of this.#listeners) listener(isNew);
  }

  #then<Result>(job: () => Promise<Result>): Promise<Result> {
    const done = this.#work.then(job);
    this.#work = done.catch(() => undefined);
    return done;
  }
}
