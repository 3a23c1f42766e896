/** What every call passes before anything is done: how much its sender has under way, and the sender's right. */
import type { IncomingCall } from '../../dbus/connection.ts';
import type { BusError } from '../../dbus/error.ts';
import { toBusError } from '../../dbus/ripple-errors.ts';
import type { PolkitAction } from '../api/description.ts';
import { asRippleError } from '../api/errors.ts';
import type { Logger } from '../core/ports.ts';
import type { Authority } from './authority.ts';
import { CallLimits } from './call-limits.ts';

export class Gate {
  readonly #authority: Authority;
  readonly #logger: Logger;
  readonly #limits = new CallLimits();
  constructor(authority: Authority, logger: Logger) {
    this.#authority = authority;
    this.#logger = logger;
  }

  /** Checks the values first (`prepare`), then the right, then does it. Rejects with `BusError` only. */
  async pass<T>(call: IncomingCall, action: PolkitAction, prepare: () => () => Promise<T>): Promise<T> {
    const { sender, member, allowInteraction } = call;
    try {
      const run = prepare();
      return await this.#limits.run(sender, async () => {
        const uid = await this.#authority.authorize({ sender, action, allowInteraction });
        this.#logger.info('called', { method: member, uid });
        return run();
      });
    } catch (error) {
      throw this.#asBusError(member, error);
    }
  }

  #asBusError(method: string, thrown: unknown): BusError {
    const error = asRippleError(thrown);
    if (error.code === 'Internal')
      this.#logger.warn('internal error', { method, stack: thrown instanceof Error ? thrown.stack : String(thrown) });
    return toBusError(error);
  }
}
