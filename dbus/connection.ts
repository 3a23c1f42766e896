/**
 * One connection to a message bus, for programs that call and for services that answer. Nothing here hangs: every
 * call has a timeout, and all of them fail at once when the bus goes away.
 */
import { createConnection, type Socket } from 'node:net';
import { reasonOf } from '../service/api/errors.ts';
import { socketPath, systemBusAddress } from './address.ts';
import { answerCall, internalError } from './answers.ts';
import type { Dispatcher, MethodCall, OutgoingSignal, Signal, Unsubscribe } from './call.ts';
import { type BusError, standardError } from './error.ts';
import { matchRule, type SignalRule } from './match.ts';
import { NameOwners } from './name-owners.ts';
import { PendingCalls } from './pending-calls.ts';
import { SignalListeners } from './signal-listeners.ts';
import {
  authenticate,
  encodeMessage,
  type IncomingMessage,
  MESSAGE_FLAG,
  MESSAGE_TYPE,
  type MessageHeader,
  MessageReader,
} from './wire.ts';

export type { Answer, Dispatcher, IncomingCall, MethodCall, OutgoingSignal, Signal, Unsubscribe } from './call.ts';

export const BUS_DAEMON = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const;

const CONNECT_TIMEOUT_MS = 10_000;
const DO_NOT_QUEUE = 4;
const PRIMARY_OWNER = 1;
const ALREADY_OWNER = 4;

/** Connects and says hello. Rejects with `BusError` when there is no bus, it refuses us, or it is silent for 10 s. */
export async function connectBus(address: string = systemBusAddress()): Promise<BusConnection> {
  const socket = createConnection(socketPath(address));
  const timer = setTimeout(
    () => socket.destroy(new Error(`no answer in ${CONNECT_TIMEOUT_MS} ms`)),
    CONNECT_TIMEOUT_MS,
  );
  try {
    await new Promise<void>((resolve, reject) => {
      const failed = (why: string) => reject(standardError('NoServer', `no message bus at ${address}: ${why}`));
      socket.once('error', (error) => failed(`${reasonOf(error)}; is dbus-daemon running?`));
      socket.once('end', () => failed('it closed the connection'));
      socket.once('connect', () => authenticate(socket).then(resolve, reject));
    });
    const connection = new BusConnection(socket);
    await connection.hello();
    return connection;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

export class BusConnection {
  readonly #socket: Socket;
  readonly #reader: MessageReader;
  readonly #pending = new PendingCalls();
  readonly #listeners = new SignalListeners();
  readonly #dispatchers = new Set<Dispatcher>();
  readonly #closeListeners = new Set<(error: BusError) => void>();
  readonly #owners: NameOwners;
  #serial = 0;
  #yielding = false;
  #name = '';
  #closed: BusError | undefined;

  /** Use `connectBus`. Takes an authenticated socket. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.#reader = new MessageReader(socket);
    this.#owners = new NameOwners(this);
    socket.on('readable', () => this.#read());
    socket.on('error', (error) => this.#end(`the connection to the bus broke: ${error.message}`));
    socket.on('end', () => this.#end('the message bus went away'));
    socket.on('close', () => this.#end('the message bus went away'));
  }

  /** Our unique name, e.g. `:1.5`. */
  get name(): string {
    return this.#name;
  }

  async hello(): Promise<void> {
    const [name] = await this.callBus('Hello', '', []);
    if (typeof name === 'string') this.#name = name;
  }

  /** Calls a method; the values of its reply. Rejects with `BusError`: what the service said, NoReply, Disconnected. */
  call(call: MethodCall): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(this.#closed);
        return;
      }
      const { destination, path, interface: iface, member, signature } = call;
      const flags = call.allowInteraction ? MESSAGE_FLAG.allowInteraction : 0;
      const serial = this.#send(
        { type: MESSAGE_TYPE.call, flags, destination, path, interface: iface, member, signature },
        call.body ?? [],
      );
      this.#pending.add(serial, call, resolve, reject);
    });
  }

  /** Calls a method of the bus itself. */
  callBus(member: string, signature: string, body: readonly unknown[]): Promise<readonly unknown[]> {
    return this.call({ ...BUS_DAEMON, member, signature, body });
  }

  /** Calls back for every signal that fits the rule, and whose sender really is the one the rule names. */
  onSignal(rule: SignalRule, listener: (signal: Signal) => void): Unsubscribe {
    // The owner is asked for before the match is added: so it is known before the first signal can come.
    const forgetOwner = isWellKnown(rule.sender) ? this.#owners.watch(rule.sender, { changed: () => {} }) : () => {};
    const forgetListener = this.#listeners.add(rule, listener);
    this.#match('AddMatch', rule);
    return () => {
      if (!forgetListener()) return;
      this.#match('RemoveMatch', rule);
      forgetOwner();
    };
  }

  /** Follows who owns a well-known name, from now on: one of the two is called once at first, then at every change. */
  watchName(name: string, appeared: (owner: string) => void, vanished: () => void): Unsubscribe {
    return this.#owners.watch(name, { changed: (owner) => (owner === '' ? vanished() : appeared(owner)) });
  }

  emitSignal(signal: OutgoingSignal): void {
    if (this.#closed) return;
    const { body, ...header } = signal;
    this.#send({ type: MESSAGE_TYPE.signal, flags: MESSAGE_FLAG.noReplyExpected, ...header }, body);
  }

  /** Takes a well-known name. Rejects with `BusError` when somebody has it, or the bus's policy forbids it. */
  async requestName(name: string): Promise<void> {
    const [result] = await this.callBus('RequestName', 'su', [name, DO_NOT_QUEUE]);
    if (result !== PRIMARY_OWNER && result !== ALREADY_OWNER)
      throw standardError('AddressInUse', `${name} is taken on this bus: is another daemon running?`);
  }

  /** Adds an answerer of calls; they are asked in the order they were added. */
  addDispatcher(dispatcher: Dispatcher): Unsubscribe {
    this.#dispatchers.add(dispatcher);
    return () => this.#dispatchers.delete(dispatcher);
  }

  /** Called once when the connection is over, with why; also after `close()`. At once when it is over already. */
  onClose(listener: (error: BusError) => void): void {
    if (this.#closed) listener(this.#closed);
    else this.#closeListeners.add(listener);
  }

  /** Ends the connection after what was sent is out. */
  close(): void {
    this.#socket.destroySoon();
    this.#end('this program closed the connection');
  }

  #send(header: Omit<MessageHeader, 'serial'>, body: readonly unknown[]): number {
    // Serials are 32 bits wide and never 0.
    this.#serial = (this.#serial % 0xffffffff) + 1;
    this.#socket.write(encodeMessage({ ...header, serial: this.#serial }, body));
    return this.#serial;
  }

  #match(member: 'AddMatch' | 'RemoveMatch', rule: SignalRule): void {
    if (this.#closed) return;
    this.callBus(member, 's', [matchRule(rule)]).catch((error: unknown) => {
      // Without its matches a program waits for signals that never come: rather end.
      if (member === 'AddMatch') this.#end(`the bus does not add a match: ${messageOf(error)}`);
    });
  }

  #end(why: string): void {
    if (this.#closed) return;
    const error = standardError('Disconnected', why);
    this.#closed = error;
    if (!this.#socket.writableEnded) this.#socket.destroy();
    this.#pending.failAll(error);
    this.#listeners.clear();
    for (const listener of this.#closeListeners) listener(error);
  }

  #read(): void {
    if (this.#yielding) return;
    for (let message = this.#next(); message; message = this.#next()) {
      this.#take(message);
      if (message.type === MESSAGE_TYPE.call || message.type === MESSAGE_TYPE.signal) continue;
      // Whoever awaits this reply runs before the next message is looked at: the order of the bus is kept.
      this.#yielding = true;
      setImmediate(() => {
        this.#yielding = false;
        this.#read();
      });
      return;
    }
  }

  #next(): IncomingMessage | undefined {
    try {
      return this.#reader.next();
    } catch (error) {
      this.#end(`what came from the bus cannot be read: ${messageOf(error)}`);
      return undefined;
    }
  }

  #take(message: IncomingMessage): void {
    if (this.#closed) return;
    if (message.type === MESSAGE_TYPE.call) void this.#answer(message);
    else if (message.type === MESSAGE_TYPE.signal) this.#listeners.deliver(message, this.#owners);
    else this.#pending.settle(message);
  }

  async #answer(message: IncomingMessage): Promise<void> {
    const reply = await answerCall(message, this.#dispatchers);
    if (!reply || this.#closed) return;
    try {
      this.#send(reply.header, reply.body);
    } catch {
      // What the dispatcher answered does not fit its signature.
      const { header, body } = internalError(reply.header);
      this.#send(header, body);
    }
  }
}

function isWellKnown(sender: string | undefined): sender is string {
  return sender !== undefined && !sender.startsWith(':') && sender !== BUS_DAEMON.destination;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}
