/** Our service in avahi-daemon: an entry group (org.freedesktop.Avahi.EntryGroup) under a name that nobody else has. */
import { randomBytes } from 'node:crypto';
import { BusError } from '../../dbus/error.ts';
import { AVAHI, type AvahiCall, IPV4 } from './avahi-call.ts';
import { instanceName, SERVICE_TYPE, type Service } from './backend.ts';
import { Timers } from './timers.ts';
import { formatTxt } from './txt.ts';

const ESTABLISHED = 2;
const COLLISION = 3;
const FAILURE = 4;
const ESTABLISHED_WITHIN_MS = 5_000;
const MAX_RENAMES = 8;

export class AvahiPublisher {
  readonly #call: AvahiCall;
  readonly #interfaces: readonly number[];
  readonly #lost: (why: string) => void;
  readonly #timers = new Timers();
  #name: string;
  #renames = 0;
  #group: string | undefined;
  /** The daemon has the service under `#name`. */
  #committed = false;
  #settled: () => void = () => {};

  /** @param lost called when the daemon cannot publish it at all. */
  constructor(call: AvahiCall, interfaces: readonly number[], id: string, lost: (why: string) => void) {
    this.#call = call;
    this.#interfaces = interfaces;
    this.#name = instanceName(id);
    this.#lost = lost;
  }

  /** Resolves when the daemon has announced it, or after 5 s. */
  async publish(service: Service): Promise<void> {
    const settled = new Promise<void>((resolve) => {
      this.#settled = resolve;
      this.#timers.again('settled', ESTABLISHED_WITHIN_MS, resolve);
    });
    try {
      await this.#add(service);
    } catch (error) {
      // Another program of this machine has the name.
      if (!(error instanceof BusError) || error.name !== `${AVAHI}.CollisionError`) throw error;
      this.#rename(service);
    }
    await settled;
  }

  async update(service: Service): Promise<void> {
    if (this.#group === undefined || !this.#committed) return;
    const txt = formatTxt(service.record);
    for (const index of this.#interfaces) {
      const what = [index, IPV4, 0, this.#name, SERVICE_TYPE, '', txt];
      await this.#call(this.#group, 'EntryGroup', 'UpdateServiceTxt', 'iiusssaay', what);
    }
  }

  /** A signal of an entry group: `StateChanged` (state, error). */
  onGroup(path: string, [state, error]: readonly unknown[], service: Service): void {
    if (path !== this.#group) return;
    if (state === ESTABLISHED) this.#settled();
    else if (state === COLLISION) this.#rename(service);
    else if (state === FAILURE) this.#lost(`it does not publish: ${String(error)}`);
  }

  stop(): void {
    this.#timers.stop();
    this.#settled();
  }

  /** Takes it back; resolves when the daemon has said goodbye. */
  async withdraw(): Promise<void> {
    if (this.#group !== undefined) await this.#call(this.#group, 'EntryGroup', 'Free', '', []);
  }

  async #add(service: Service): Promise<void> {
    if (this.#group === undefined) {
      const [path] = await this.#call('/', 'Server', 'EntryGroupNew', '', []);
      if (typeof path !== 'string') return;
      this.#group = path;
    } else await this.#call(this.#group, 'EntryGroup', 'Reset', '', []);
    const txt = formatTxt(service.record);
    for (const index of this.#interfaces) {
      const what = [index, IPV4, 0, this.#name, SERVICE_TYPE, '', '', service.port, txt];
      await this.#call(this.#group, 'EntryGroup', 'AddService', 'iiussssqaay', what);
    }
    await this.#call(this.#group, 'EntryGroup', 'Commit', '', []);
    this.#committed = true;
  }

  /** Who we are is in the TXT record: the name is but a label, and any other will do. */
  #rename(service: Service): void {
    this.#committed = false;
    if (++this.#renames > MAX_RENAMES) {
      this.#lost(`somebody takes every name we choose, the last was ${this.#name}`);
      return;
    }
    this.#name = `${instanceName(service.record.id).slice(0, 50)}-${randomBytes(4).toString('hex')}`;
    const waitMs = 500 + Math.random() * 1_000;
    this.#timers.once('rename', waitMs, () => {
      this.#add(service).catch((error: unknown) => this.#lost(error instanceof Error ? error.message : 'unknown'));
    });
  }
}
