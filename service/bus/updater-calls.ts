/**
 * Calls of the Updater interface, step by step: looked up in the description, signature compared, values checked, sender's
 * right asked, and only then the updater called.
 */
import type { Answer, IncomingCall } from '../../dbus/connection.ts';
import { standardError } from '../../dbus/error.ts';
import { isBodyOf, signatureOf } from '../../dbus/typed.ts';
import { type MethodName, UPDATER, UPDATER_INTERFACE } from '../api/description.ts';
import type { Updater } from '../core/updater.ts';
import { checkedBody } from './checked-body.ts';
import type { Gate } from './gate.ts';
import { type BoundMethods, bindMethods } from './methods.ts';

export class UpdaterCalls {
  readonly #methods: BoundMethods;
  readonly #gate: Gate;
  constructor(updater: Updater, gate: Gate) {
    this.#methods = bindMethods(updater);
    this.#gate = gate;
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
    const { action, out } = UPDATER.methods[member];
    const bound: BoundMethods[M] = this.#methods[member];
    const result = await this.#gate.pass(call, action, () => bound(...body));
    return { signature: signatureOf(out), body: result };
  }
}

function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(UPDATER.methods, name);
}
