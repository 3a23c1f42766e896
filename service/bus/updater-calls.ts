/**
 * Calls of the Updater interface, step by step: looked up in the description, signature compared, values checked, sender's
 * right asked, and only then the updater called.
 */
import type { Answer, IncomingCall } from '../../dbus/connection.ts';
import { type BusError, standardError } from '../../dbus/error.ts';
import { toBusError } from '../../dbus/ripple-errors.ts';
import { isBodyOf, signatureOf } from '../../dbus/typed.ts';
import { type MethodName, UPDATER, UPDATER_INTERFACE } from '../api/description.ts';
import { asRippleError } from '../api/errors.ts';
import type { Logger } from '../core/ports.ts';
import type { Updater } from '../core/updater.ts';
import type { Authority } from './authority.ts';
import { CallLimits } from './call-limits.ts';
import { type BoundMethods, bindMethods } from './methods.ts';

/** A call's arguments are a number and a few options. */
const MAX_BODY_BYTES = 16 * 1024;

export class UpdaterCalls {
  readonly #methods: BoundMethods;
  readonly #authority: Authority;
  readonly #logger: Logger;
  readonly #limits = new CallLimits();
  constructor(updater: Updater, authority: Authority, logger: Logger) {
    this.#methods = bindMethods(updater);
    this.#authority = authority;
    this.#logger = logger;
  }

  /** Rejects with `BusError` only. */
  async answer(call: IncomingCall): Promise<Answer> {
    const { member } = call;
    if (!isMethodName(member)) throw standardError('UnknownMethod', `${UPDATER_INTERFACE} has no method ${member}`);
    return this.#answer(member, call);
  }

  async #answer<M extends MethodName>(member: M, call: IncomingCall): Promise<Answer> {
    const args = UPDATER.methods[member].in;
    const body = checkedBody(call, signatureOf(args));
    if (!isBodyOf<(typeof UPDATER.methods)[M]['in']>(args, call.signature, body))
      throw standardError('InvalidArgs', `${member}: wrong arguments`);
    try {
      const bound: BoundMethods[M] = this.#methods[member];
      const run = bound(...body);
      const { action, out } = UPDATER.methods[member];
      const { sender, allowInteraction } = call;
      const result = await this.#limits.run(sender, async () => {
        const uid = await this.#authority.authorize({ sender, action, allowInteraction });
        this.#logger.info('called', { method: member, uid });
        return run();
      });
      return { signature: signatureOf(out), body: result };
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

/** The body of a call, decoded after its signature and size were found right. Throws `BusError`. */
export function checkedBody(call: IncomingCall, signature: string): readonly unknown[] {
  if (call.signature !== signature)
    throw standardError('InvalidArgs', `${call.member} takes "${signature}", not "${call.signature}"`);
  if (call.bodyBytes > MAX_BODY_BYTES)
    throw standardError('LimitsExceeded', `${call.member}: ${call.bodyBytes} bytes of arguments`);
  return call.body();
}

function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(UPDATER.methods, name);
}
