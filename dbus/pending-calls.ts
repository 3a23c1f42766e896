/** Calls that wait for their reply, each with its own timeout. */
import type { MethodCall } from './call.ts';
import { BusError, standardError } from './error.ts';
import { type IncomingMessage, MESSAGE_TYPE } from './wire.ts';

const DEFAULT_TIMEOUT_MS = 25_000;

interface Pending {
  readonly call: MethodCall;
  readonly resolve: (body: readonly unknown[]) => void;
  readonly reject: (error: BusError) => void;
  readonly timer: NodeJS.Timeout;
}

export class PendingCalls {
  readonly #bySerial = new Map<number, Pending>();

  add(serial: number, call: MethodCall, resolve: Pending['resolve'], reject: Pending['reject']): void {
    const timeoutMs = call.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timer = setTimeout(() => {
      this.#bySerial.delete(serial);
      reject(standardError('NoReply', `${call.destination} did not answer ${call.member} in ${timeoutMs} ms`));
    }, timeoutMs);
    this.#bySerial.set(serial, { call, resolve, reject, timer });
  }

  /** A reply or an error came; one that nobody waits for any more is passed over. */
  settle(message: IncomingMessage): void {
    const serial = message.replySerial ?? 0;
    const pending = this.#bySerial.get(serial);
    if (!pending) return;
    this.#bySerial.delete(serial);
    clearTimeout(pending.timer);
    try {
      pending.resolve(bodyOfReply(pending.call, message));
    } catch (error) {
      pending.reject(error instanceof BusError ? error : standardError('Failed', 'the reply cannot be read'));
    }
  }

  failAll(error: BusError): void {
    for (const { reject, timer } of this.#bySerial.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#bySerial.clear();
  }
}

function bodyOfReply({ member, replySignature }: MethodCall, message: IncomingMessage): readonly unknown[] {
  const body = message.body();
  if (message.type === MESSAGE_TYPE.error)
    throw new BusError(
      message.errorName ?? 'org.freedesktop.DBus.Error.Failed',
      typeof body[0] === 'string' ? body[0] : '',
    );
  if (replySignature !== undefined && replySignature !== message.signature)
    throw standardError(
      'InvalidSignature',
      `${member} answered with "${message.signature}" instead of "${replySignature}"`,
    );
  return body;
}
