/** The updater as a program of the desktop sees it: typed by the description, properties always fresh. */
import {
  BUS_NAME,
  CLASSROOM,
  CLASSROOM_INTERFACE,
  type ClassroomProperties,
  type InterfaceDescription,
  type MethodIn,
  type MethodName,
  type MethodOut,
  OBJECT_PATH,
  type Properties,
  type SignalArgs,
  type SignalName,
  UPDATER,
  UPDATER_INTERFACE,
} from '../service/api/description.ts';
import { type BusConnection, connectBus, type Unsubscribe } from './connection.ts';
import { toRippleError } from './ripple-errors.ts';
import { isBodyOf, signatureOf } from './typed.ts';
import { isWireVariant, type WireVariant } from './wire.ts';

const PROPERTIES_INTERFACE = 'org.freedesktop.DBus.Properties';
/** Long enough to type a password when polkit asks for one. */
const CALL_TIMEOUT_MS = 120_000;
/** They read the whole deployment. */
const LONG_CALL_TIMEOUT_MS = 2 * 60 * 60_000;
const LONG_CALLS: ReadonlySet<MethodName> = new Set(['Verify', 'Repair']);

export class UpdaterClient {
  readonly connection: BusConnection;
  readonly #listeners = new Set<() => void>();
  #properties: Partial<Properties> = {};
  #classroom: Partial<ClassroomProperties> | undefined;
  #owner = '';

  /**
   * Connects to a bus (default: the system bus) and follows the daemon there, whether it runs yet or not. Resolves once
   * it is known whether it does and, if so, with its properties read. Rejects with `RippleError` without a bus.
   */
  static async connect(address?: string): Promise<UpdaterClient> {
    try {
      const client = new UpdaterClient(await connectBus(address));
      await client.#follow();
      return client;
    } catch (error) {
      throw toRippleError(error);
    }
  }

  private constructor(connection: BusConnection) {
    this.connection = connection;
  }

  /** The latest values; a new object after each change. Empty while the daemon is away. */
  get properties(): Partial<Properties> {
    return this.#properties;
  }

  /** What the daemon says of the class; `undefined` where it knows of none. */
  get classroom(): Partial<ClassroomProperties> | undefined {
    return this.#classroom;
  }

  /** Whether the daemon is on the bus. */
  get present(): boolean {
    return this.#owner !== '';
  }

  /** Called after `properties` or `present` changed. */
  onChange(listener: () => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onSignal<S extends SignalName>(name: S, listener: (...args: SignalArgs<S>) => void): Unsubscribe {
    const { args } = UPDATER.signals[name];
    return this.connection.onSignal(
      { sender: BUS_NAME, path: OBJECT_PATH, interface: UPDATER_INTERFACE, member: name },
      ({ signature, body }) => {
        if (isBodyOf<(typeof UPDATER.signals)[S]['args']>(args, signature, body)) listener(...body);
      },
    );
  }

  /** Calls a method, e.g. `call('Fetch', [7, {}])`. Rejects with `RippleError`. */
  async call<M extends MethodName>(member: M, args: MethodIn<M>): Promise<MethodOut<M>> {
    const { in: input, out } = UPDATER.methods[member];
    const replySignature = signatureOf(out);
    try {
      const body = await this.connection.call({
        destination: BUS_NAME,
        path: OBJECT_PATH,
        interface: UPDATER_INTERFACE,
        member,
        signature: signatureOf(input),
        body: args,
        replySignature,
        timeoutMs: LONG_CALLS.has(member) ? LONG_CALL_TIMEOUT_MS : CALL_TIMEOUT_MS,
        allowInteraction: true,
      });
      if (isBodyOf<(typeof UPDATER.methods)[M]['out']>(out, replySignature, body)) return body;
      throw new Error('unreachable: the connection checks the signature of replies');
    } catch (error) {
      throw toRippleError(error);
    }
  }

  /** Hands a signed order to the class. Rejects with `RippleError`. */
  async publishOrder(order: Uint8Array): Promise<void> {
    try {
      await this.connection.call({
        destination: BUS_NAME,
        path: OBJECT_PATH,
        interface: CLASSROOM_INTERFACE,
        member: 'PublishOrder',
        signature: signatureOf(CLASSROOM.methods.PublishOrder.in),
        body: [order],
        replySignature: '',
        timeoutMs: CALL_TIMEOUT_MS,
        allowInteraction: true,
      });
    } catch (error) {
      throw toRippleError(error);
    }
  }

  /** Called once when the bus went away or the client was closed. */
  onClose(listener: () => void): void {
    this.connection.onClose(() => listener());
  }

  close(): void {
    this.connection.close();
  }

  async #follow(): Promise<void> {
    this.connection.onSignal(
      { sender: BUS_NAME, path: OBJECT_PATH, interface: PROPERTIES_INTERFACE, member: 'PropertiesChanged' },
      ({ signature, body: [name, changed, invalidated] }) => {
        if (signature !== 'sa{sv}as') return;
        if (name === UPDATER_INTERFACE)
          this.#update({ ...this.#properties, ...pick<Properties>(UPDATER, changed) }, this.#classroom);
        else if (name === CLASSROOM_INTERFACE)
          this.#update(this.#properties, { ...this.#classroom, ...pick<ClassroomProperties>(CLASSROOM, changed) });
        else return;
        if (Array.isArray(invalidated) && invalidated.length > 0) void this.#readAll();
      },
    );
    await new Promise<void>((resolve, reject) => {
      this.connection.onClose(reject);
      this.connection.watchName(
        BUS_NAME,
        (owner) => {
          this.#owner = owner;
          this.#readAll().then(resolve);
        },
        () => {
          this.#owner = '';
          this.#update({}, undefined);
          resolve();
        },
      );
    });
  }

  /** Reads every property from the present owner; a failure leaves them as they were until it changes or speaks. */
  async #readAll(): Promise<void> {
    const owner = this.#owner;
    try {
      const updater = await this.#getAll(owner, UPDATER_INTERFACE);
      // A laptop that teaches nobody has no such interface.
      const classroom = await this.#getAll(owner, CLASSROOM_INTERFACE).then(
        (values) => pick<ClassroomProperties>(CLASSROOM, values),
        () => undefined,
      );
      if (owner === this.#owner) this.#update(pick<Properties>(UPDATER, updater), classroom);
    } catch {
      // It went away or does not have the object yet: `PropertiesChanged` and the name's owner tell what comes next.
      if (owner === this.#owner) this.#update({}, undefined);
    }
  }

  async #getAll(owner: string, iface: string): Promise<unknown> {
    const [all] = await this.connection.call({
      destination: owner,
      path: OBJECT_PATH,
      interface: PROPERTIES_INTERFACE,
      member: 'GetAll',
      signature: 's',
      body: [iface],
      replySignature: 'a{sv}',
    });
    return all;
  }

  #update(properties: Partial<Properties>, classroom: Partial<ClassroomProperties> | undefined): void {
    this.#properties = properties;
    this.#classroom = classroom;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** The properties this version knows, out of an `a{sv}`; ones of another type are left out. */
function pick<P extends object>(description: Pick<InterfaceDescription, 'properties'>, values: unknown): Partial<P> {
  const properties: Partial<P> = {};
  if (typeof values !== 'object' || values === null) return properties;
  for (const [name, value] of Object.entries(values))
    if (isWireVariant(value) && isValueOf<P>(description, name, value))
      Object.assign(properties, { [name]: value.value });
  return properties;
}

/** The wire decodes by the signature alone, so equal signatures mean equal types. */
function isValueOf<P extends object>(
  { properties }: Pick<InterfaceDescription, 'properties'>,
  name: string,
  variant: WireVariant,
): name is keyof P & string {
  return Object.hasOwn(properties, name) && properties[name]?.signature === variant.signature;
}
