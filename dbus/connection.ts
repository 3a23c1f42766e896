/**
 * One connection to a message bus, for programs that call and for services that answer. Nothing here hangs: every
 * call has a timeout, and all of them fail at once when the bus goes away.
 */
import { createConnection, type Socket } from 'node:net';
import { socketPath, systemBusAddress } from './address.ts';
import { BusError, standardError } from './error.ts';
import { matchRule, type SignalRule } from './match.ts';
import { NameOwners } from './name-owners.ts';
import {
  authenticate,
  encodeMessage,
  type IncomingMessage,
  MESSAGE_FLAG,
  MESSAGE_TYPE,
  type MessageHeader,
  MessageReader,
} from './wire.ts';

export const BUS_DAEMON = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const;

const CONNECT_TIMEOUT_MS = 10_000;
const CALL_TIMEOUT_MS = 25_000;
const DO_NOT_QUEUE = 4;
const PRIMARY_OWNER = 1;
const ALREADY_OWNER = 4;

export interface MethodCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
  /** Signature the reply must have; another one is an error. Not checked when left out. */
  readonly replySignature?: string;
  /** Default 25 s. */
  readonly timeoutMs?: number;
  /** Whether the service may ask the person at the screen for a password. */
  readonly allowInteraction?: boolean;
}

/** A call that came in. `sender` is the caller's unique name, put there by the bus. */
export interface IncomingCall {
  readonly sender: string;
  readonly path: string;
  readonly interface: string | undefined;
  readonly member: string;
  readonly signature: string;
  readonly bodyBytes: number;
  readonly body: () => readonly unknown[];
  readonly noReply: boolean;
  readonly allowInteraction: boolean;
}
export interface Answer {
  readonly signature: string;
  readonly body: readonly unknown[];
}
/** Answers a call, or gives `undefined` when it is not for it. Reject with a `BusError` to send that error. */
export type Dispatcher = (call: IncomingCall) => Promise<Answer> | undefined;

export interface Signal {
  readonly sender: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature: string;
  readonly body: readonly unknown[];
}
export interface OutgoingSignal {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature: string;
  readonly body: readonly unknown[];
}

export type Unsubscribe = () => void;

interface Pending {
  readonly call: MethodCall;
  readonly resolve: (body: readonly unknown[]) => void;
  readonly reject: (error: BusError) => void;
  readonly timer: NodeJS.Timeout;
}
interface Listener {
  readonly rule: SignalRule;
  readonly listener: (signal: Signal) => void;
}

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
      socket.once('error', (error) => failed(error.message));
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
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<Listener>();
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
      const timeoutMs = call.timeoutMs ?? CALL_TIMEOUT_MS;
      const { destination, path, interface: iface, member, signature } = call;
      const flags = call.allowInteraction ? MESSAGE_FLAG.allowInteraction : 0;
      const serial = this.#send(
        { type: MESSAGE_TYPE.call, flags, destination, path, interface: iface, member, signature },
        call.body ?? [],
      );
      const timer = setTimeout(() => {
        this.#pending.delete(serial);
        reject(standardError('NoReply', `${destination} did not answer ${member} in ${timeoutMs} ms`));
      }, timeoutMs);
      this.#pending.set(serial, { call, resolve, reject, timer });
    });
  }

  /** Calls a method of the bus itself. */
  callBus(member: string, signature: string, body: readonly unknown[]): Promise<readonly unknown[]> {
    return this.call({ ...BUS_DAEMON, member, signature, body });
  }

  /** Calls back for every signal that fits the rule, and whose sender really is the one the rule names. */
  onSignal(rule: SignalRule, listener: (signal: Signal) => void): Unsubscribe {
    const entry: Listener = { rule, listener };
    // The owner is asked for before the match is added: so it is known before the first signal can come.
    const forget = isWellKnown(rule.sender) ? this.#owners.watch(rule.sender, { changed: () => {} }) : () => {};
    this.#listeners.add(entry);
    this.#match('AddMatch', rule);
    return () => {
      if (!this.#listeners.delete(entry)) return;
      this.#match('RemoveMatch', rule);
      forget();
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
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#pending.clear();
    this.#listeners.clear();
    for (const listener of this.#closeListeners) listener(error);
  }

  #read(): void {
    if (this.#yielding) return;
    try {
      for (let message = this.#reader.next(); message; message = this.#reader.next()) {
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
    } catch (error) {
      this.#end(`what came from the bus cannot be read: ${messageOf(error)}`);
    }
  }

  #take(message: IncomingMessage): void {
    if (this.#closed) return;
    if (message.type === MESSAGE_TYPE.call) this.#answer(message);
    else if (message.type === MESSAGE_TYPE.signal) this.#deliver(message);
    else this.#settle(message);
  }

  #settle(message: IncomingMessage): void {
    const pending = this.#pending.get(message.replySerial ?? 0);
    if (!pending) return;
    this.#pending.delete(message.replySerial ?? 0);
    clearTimeout(pending.timer);
    const { call, resolve, reject } = pending;
    try {
      const body = message.body();
      if (message.type === MESSAGE_TYPE.error) {
        const text = typeof body[0] === 'string' ? body[0] : '';
        reject(new BusError(message.errorName ?? 'org.freedesktop.DBus.Error.Failed', text));
      } else if (call.replySignature !== undefined && call.replySignature !== message.signature) {
        reject(
          standardError(
            'InvalidSignature',
            `${call.member} answered with "${message.signature}" instead of "${call.replySignature}"`,
          ),
        );
      } else resolve(body);
    } catch (error) {
      reject(error instanceof BusError ? error : standardError('Failed', messageOf(error)));
    }
  }

  #deliver(message: IncomingMessage): void {
    const { sender, path, interface: iface, member, signature } = message;
    if (sender === undefined || path === undefined || iface === undefined || member === undefined) return;
    let signal: Signal | undefined;
    for (const { rule, listener } of [...this.#listeners]) {
      if (rule.path !== undefined && rule.path !== path) continue;
      if (rule.interface !== undefined && rule.interface !== iface) continue;
      if (rule.member !== undefined && rule.member !== member) continue;
      // Any user may send a signal of any name straight to us: only the bus's word on the sender counts.
      if (rule.sender !== undefined && rule.sender !== sender && this.#owners.ownerOf(rule.sender) !== sender) continue;
      try {
        signal ??= { sender, path, interface: iface, member, signature, body: message.body() };
      } catch {
        return;
      }
      if (rule.arg0 !== undefined && rule.arg0 !== signal.body[0]) continue;
      listener(signal);
    }
  }

  #answer(message: IncomingMessage): void {
    const { sender, path, member, flags } = message;
    if (sender === undefined || path === undefined || member === undefined) return;
    const call: IncomingCall = {
      sender,
      path,
      interface: message.interface,
      member,
      signature: message.signature,
      bodyBytes: message.bodyBytes,
      body: () => message.body(),
      noReply: (flags & MESSAGE_FLAG.noReplyExpected) !== 0,
      allowInteraction: (flags & MESSAGE_FLAG.allowInteraction) !== 0,
    };
    this.#dispatch(call).then(
      (answer) => this.#reply(message, call, { type: MESSAGE_TYPE.reply, signature: answer.signature }, answer.body),
      (error: unknown) => this.#fail(message, call, error),
    );
  }

  async #dispatch(call: IncomingCall): Promise<Answer> {
    for (const dispatcher of this.#dispatchers) {
      const answer = dispatcher(call);
      if (answer) return answer;
    }
    throw standardError('UnknownObject', `no object ${call.path}`);
  }

  #fail(message: IncomingMessage, call: IncomingCall, error: unknown): void {
    const { name, text } = error instanceof BusError ? error : standardError('Failed', 'internal error');
    // A NUL cannot be in a D-Bus string, and a second line is no part of a message.
    const line = (text.split('\n', 1)[0] ?? '').replaceAll('\0', '?');
    this.#reply(message, call, { type: MESSAGE_TYPE.error, errorName: name, signature: 's' }, [line]);
  }

  #reply(
    { serial, sender }: IncomingMessage,
    call: IncomingCall,
    header: { readonly type: number; readonly errorName?: string; readonly signature: string },
    body: readonly unknown[],
  ): void {
    if (call.noReply || this.#closed) return;
    const address = { flags: MESSAGE_FLAG.noReplyExpected, replySerial: serial, destination: sender };
    try {
      this.#send({ ...header, ...address }, body);
    } catch {
      const type = { type: MESSAGE_TYPE.error, errorName: standardError('Failed', '').name, signature: 's' };
      this.#send({ ...type, ...address }, ['internal error']);
    }
  }
}

function isWellKnown(sender: string | undefined): sender is string {
  return sender !== undefined && !sender.startsWith(':') && sender !== BUS_DAEMON.destination;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}
