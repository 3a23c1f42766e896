/** Does as the order that stands says: looks at the rules whenever something changed, and acts through the updater. */
import { asRippleError } from '../api/errors.ts';
import type { OrderInfo } from '../api/model.ts';
import { judgeOrder, type OrderNeighbour, type OrderVerdict } from '../core/order-rules.ts';
import type { Clock, Logger, Neighbour } from '../core/ports.ts';
import type { LaptopUpdater } from './laptop-updater.ts';
import type { Memory } from './memory.ts';
import type { OrderKeeper } from './order-keeper.ts';
import type { SwitchPart } from './parts.ts';

/** Changes that come together cause one look. */
const SETTLE_MS = 200;
/** Times come by themselves. */
const LOOK_AGAIN_MS = 15_000;
/** What failed is tried again, each time later. */
const FIRST_RETRY_MS = 30_000;
const LAST_RETRY_MS = 3600_000;
const MOST_TRIES_WITHOUT_POWER = 2;
/** Of so many the follower remembers what they came to. */
const MOST_REMEMBERED = 2000;
/** One that restarts, above all into the ordered version, keeps its place among the first. */
const PLACE_KEPT_MS = 10 * 60_000;

export interface OrderFollowerOptions {
  readonly image: string;
  readonly classes: readonly string[];
  readonly keeper: Pick<OrderKeeper, 'onChange' | 'standing' | 'epoch'>;
  readonly updater: Pick<LaptopUpdater, 'snapshot' | 'onChange' | 'tellOrder' | 'fetchByOrder' | 'accept' | 'restart'>;
  readonly switcher: Pick<SwitchPart, 'facts'>;
  readonly memory: Memory;
  neighbours(): readonly Neighbour[];
  /** Gets to know the release of a version below the one that runs, which nobody offers. */
  learnRelease(version: number, signal: AbortSignal): Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class OrderFollower {
  readonly #options: OrderFollowerOptions;
  readonly #stopping = new AbortController();
  /** Who was heard since the order came: one that left counts as what it came to. */
  readonly #heard = new Map<string, OrderNeighbour & { readonly aliveMs: number }>();
  #heardForEpoch = 0;
  #told = '';
  #follows = true;
  #acting = false;
  /** How often the same was begun, which then was not done. */
  #tries = 0;
  #tried: OrderVerdict['act'] = 'nothing';
  #retryAtMs = 0;
  #soon: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;

  constructor(options: OrderFollowerOptions) {
    this.#options = options;
    options.keeper.onChange((isNew) => {
      this.#tried = 'nothing';
      this.#look(isNew);
    });
    options.updater.onChange(() => this.changed());
  }

  start(): void {
    this.#look(false);
    this.#again = setInterval(() => this.changed(), LOOK_AGAIN_MS);
    this.#again.unref();
  }

  stop(): void {
    this.#stopping.abort();
    clearTimeout(this.#soon);
    clearInterval(this.#again);
  }

  /** Whether this laptop goes where the order says, as far as it can: others count on it, or go first instead. */
  get follows(): boolean {
    return this.#follows && this.#tries <= 1;
  }

  /** Neighbours, or something here, changed. */
  changed(): void {
    if (this.#soon || this.#stopping.signal.aborted) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      this.#look(false);
    }, SETTLE_MS);
    this.#soon.unref();
  }

  #look(isNew: boolean): void {
    if (this.#stopping.signal.aborted) return;
    const { keeper, memory, clock, logger } = this.#options;
    const standing = keeper.standing();
    if (!standing) {
      this.#follows = true;
      this.#tell(null, false);
      return;
    }
    const { order } = standing;
    const verdict = this.#judge(standing);
    this.#follows = verdict.waits !== 'class' && verdict.waits !== 'halted';
    if (verdict.waits === 'halted' && memory.state.haltedOrder !== order.epoch) {
      memory.update({ haltedOrder: order.epoch });
      logger.warn('the order is halted', { epoch: order.epoch, version: order.version });
    }
    const { version, epoch, when, classes } = order;
    const deadline = Math.floor(Date.parse(order.deadline) / 1000);
    this.#tell({ version, epoch, when, deadline, classes, waits: verdict.waits }, isNew);
    if (verdict.act === 'nothing' || this.#acting) return;
    if (verdict.act !== this.#tried) this.#tries = 0;
    else if (clock.monotonicMs() < this.#retryAtMs) return;
    this.#tried = verdict.act;
    this.#retryAtMs = clock.monotonicMs() + Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#tries, 10));
    this.#tries += 1;
    this.#acting = true;
    this.#act(verdict.act, order.version, order.allowDowngrade)
      .then(
        () => logger.info('as ordered', { epoch, act: verdict.act }),
        (thrown: unknown) => {
          const { code, message } = asRippleError(thrown);
          // It may be plugged in at any moment, and must not wait for an hour then.
          if (code === 'LowBattery') this.#tries = Math.min(this.#tries, MOST_TRIES_WITHOUT_POWER);
          logger.warn('cannot do as ordered; trying again later', { epoch, message });
        },
      )
      .finally(() => {
        this.#acting = false;
        this.changed();
      });
  }

  #judge({ order, heardMs }: NonNullable<ReturnType<OrderKeeper['standing']>>): OrderVerdict {
    const { classes, memory, switcher, updater, clock } = this.#options;
    const { id, shunned, deferredUntil, haltedOrder, trustedTimeSeconds } = memory.state;
    const { booted, current, local } = switcher.facts();
    const halted = haltedOrder === order.epoch;
    const { state } = updater.snapshot();
    return judgeOrder(
      order,
      { id, classes, booted, current, local, shunned, deferredUntil, state, halted },
      this.#neighbours(order.epoch),
      {
        wallSeconds: clock.wallMs() / 1000,
        trustedSeconds: trustedTimeSeconds,
        heardForMs: clock.monotonicMs() - heardMs,
      },
    );
  }

  #neighbours(epoch: number): readonly OrderNeighbour[] {
    if (this.#heardForEpoch !== epoch) this.#heard.clear();
    this.#heardForEpoch = epoch;
    const now = this.#options.clock.monotonicMs();
    for (const one of this.#options.neighbours()) {
      // Neither the server nor the teacher's own laptop, which may have been on it for long, says how the class fares.
      if (one.image !== this.#options.image || one.role !== 'laptop' || !one.alive) continue;
      if (!this.#heard.has(one.id) && this.#heard.size >= MOST_REMEMBERED) continue;
      const { id, version, wentBackFrom } = one;
      const follows = one.follows && one.state !== 'failed';
      this.#heard.set(id, { id, alive: true, version, wentBackFrom, follows, aliveMs: now });
    }
    return [...this.#heard.values()].map((one) => ({ ...one, alive: now - one.aliveMs < PLACE_KEPT_MS }));
  }

  async #act(act: OrderVerdict['act'], version: number, mayGoBack: boolean): Promise<void> {
    const { updater, switcher } = this.#options;
    switch (act) {
      case 'fetch': {
        const goesBack = mayGoBack && version < switcher.facts().booted;
        if (goesBack) await this.#options.learnRelease(version, this.#stopping.signal);
        return updater.fetchByOrder(version, goesBack);
      }
      case 'choose':
        return updater.accept(version, 'next-boot');
      case 'restart':
        return updater.restart();
      case 'nothing':
        return;
    }
  }

  /** Only what changed: telling is itself a change. */
  #tell(order: OrderInfo | null, isNew: boolean): void {
    const told = JSON.stringify([order, this.follows, this.#options.keeper.epoch]);
    if (told === this.#told && !isNew) return;
    this.#told = told;
    this.#options.updater.tellOrder(order, isNew);
  }
}
