/**
 * The activity's main process, whatever the window is: follows the daemon on D-Bus, tells every change as one snapshot,
 * and carries out the few things a window may ask.
 */
import { UpdaterClient } from '../dbus/client.ts';
import { decodeLaptops, decodeSnapshot } from '../dbus/decode.ts';
import {
  type ActivityCall,
  type ActivityProperties,
  type ActivitySnapshot,
  type CallResult,
  CONNECTING,
  type Owner,
} from '../service/api/activity.ts';
import { asRippleError, RippleError } from '../service/api/errors.ts';
import { laterUntil } from '../service/api/later.ts';
import { arrivalOf, remember, saw } from './arrival.ts';
import { rememberHelpers } from './helpers.ts';
import { findOwner } from './owner.ts';
import { NEW_PERSON, type PersonState, readState, writeState } from './state-file.ts';
import { sendOrder, stopOrder } from './teacher-key.ts';

export interface ActivityOptions {
  /** D-Bus address; the system bus without. */
  readonly bus?: string | undefined;
  /** Where this person's state is kept. */
  readonly stateFile: string;
  /** Instead of the desktop's settings. */
  readonly owner?: Owner | undefined;
  readonly nowMs?: () => number;
}

/** Between two attempts to reach a bus that is not there. */
const RECONNECT_MS = 2000;
/** How long the daemon of a restarting laptop may be away before the screen says that it sleeps. */
const RESTART_GRACE_MS = 120_000;

type Listener = (snapshot: ActivitySnapshot) => void;

export class Activity {
  readonly #options: ActivityOptions;
  readonly #listeners = new Set<Listener>();
  #client: UpdaterClient | undefined;
  #snapshot: ActivitySnapshot = CONNECTING;
  #person: PersonState = NEW_PERSON;
  /** Writes follow each other, and reading what was remembered comes before them. */
  #saved: Promise<void> = Promise.resolve();
  #reconnect: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ActivityOptions) {
    this.#options = options;
  }

  /** Resolves when it is known whether the daemon is there. */
  async start(): Promise<void> {
    this.#person = await readState(this.#options.stateFile);
    const owner = this.#options.owner ?? (await findOwner(this.#person.colours));
    if (!this.#options.owner) this.#keep({ ...this.#person, colours: owner.colours });
    this.#tell({ ...this.#snapshot, owner });
    await this.#connect();
  }

  get snapshot(): ActivitySnapshot {
    return this.#snapshot;
  }

  /** Calls `listener` with the present snapshot and every later one, until the returned function is called. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    listener(this.#snapshot);
    return () => this.#listeners.delete(listener);
  }

  /** Never rejects: what went wrong is the code of the result. */
  async call(call: ActivityCall): Promise<CallResult> {
    try {
      await this.#perform(call);
      return { ok: true };
    } catch (thrown) {
      const { code, message } = asRippleError(thrown);
      return { ok: false, code, message };
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#reconnect);
    clearTimeout(this.#grace);
    this.#listeners.clear();
    this.#client?.close();
    await this.#saved;
  }

  async #perform(call: ActivityCall): Promise<void> {
    const client = this.#client;
    const { properties } = this.#snapshot;
    if (!client?.present || !properties) throw new RippleError('IoError', 'the Ripple daemon is not running');
    switch (call.name) {
      case 'check':
        await client.call('Check', [{}]);
        return;
      case 'fetch':
        await client.call('Fetch', [call.version, {}]);
        return;
      case 'cancel':
        await client.call('Cancel', []);
        return;
      case 'defer': {
        // Whoever turns the laptop off comes back on the new one: it is chosen now, and nothing asks until then.
        if (call.until === 'turnOff' && properties.stagedVersion === call.version)
          await client.call('Accept', [call.version, { when: { signature: 's', value: 'next-boot' } }]);
        const until = BigInt(laterUntil(call.until, (this.#options.nowMs ?? Date.now)()));
        await client.call('Defer', [call.version, { until: { signature: 'x', value: until } }]);
        return;
      }
      case 'restart':
        if (call.version !== properties.currentVersion)
          await this.#untilGone(client, async () => {
            await client.call('Accept', [call.version, { when: { signature: 's', value: 'now' } }]);
          });
        await this.#restart(client);
        return;
      case 'goBack':
        await client.call('Rollback', [{}]);
        this.#keep({ ...this.#person, ...saw(properties) });
        await this.#restart(client);
        return;
      case 'order':
        return sendOrder(this.#options.bus, call.version, call);
      case 'stopOrder':
        return stopOrder(this.#options.bus, call.passphrase);
      case 'acknowledge':
        this.#keep({ ...this.#person, ...saw(properties) });
        if (properties.lastError.code === 'RolledBack') await client.call('Cancel', []);
        this.#refresh();
    }
  }

  async #restart(client: UpdaterClient): Promise<void> {
    await this.#untilGone(client, async () => {
      await client.call('Restart', []);
    });
  }

  /** A laptop that restarts may go before it answers: then there is nothing left to complain of. */
  async #untilGone(client: UpdaterClient, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      if (client.present && this.#snapshot.properties?.state !== 'restarting') throw thrown;
    }
  }

  async #connect(): Promise<void> {
    try {
      const client = await UpdaterClient.connect(this.#options.bus);
      if (this.#closed) return client.close();
      this.#client = client;
      client.onChange(() => this.#refresh());
      client.onSignal('RolledBack', () => {
        this.#keep({ ...this.#person, wentBack: true });
        this.#refresh();
      });
      client.onClose(() => this.#lost());
      this.#refresh();
    } catch {
      this.#lost();
    }
  }

  #lost(): void {
    if (this.#closed) return;
    this.#client = undefined;
    this.#refresh();
    clearTimeout(this.#reconnect);
    this.#reconnect = setTimeout(() => void this.#connect(), RECONNECT_MS);
  }

  /** Makes the snapshot anew from what the client has. */
  #refresh(): void {
    const heard = this.#client?.present ? decodeSnapshot(this.#client.properties) : undefined;
    if (heard) {
      // Of no use to a window.
      const { daemonVersion: _, ...properties } = heard;
      clearTimeout(this.#grace);
      this.#grace = undefined;
      const helped = rememberHelpers(this.#person.helped, properties);
      this.#keep({ ...this.#person, ...remember(this.#person, properties), helped });
      const arrival = arrivalOf(this.#person, properties);
      const helpers = arrival === 'new' && helped.version === properties.bootedVersion ? helped.helpers : [];
      const laptops = this.#client?.classroom?.Laptops;
      const classroom = laptops ? decodeLaptops(laptops) : null;
      this.#tell({ ...this.#snapshot, daemon: 'present', properties, arrival, helpers, classroom });
    } else {
      this.#tell({ ...this.#snapshot, daemon: 'absent', properties: this.#lastWords() });
    }
  }

  /** The daemon is away: what it said last still holds while the laptop restarts, but not for ever. */
  #lastWords(): ActivityProperties | null {
    const { properties } = this.#snapshot;
    if (properties?.state !== 'restarting') return null;
    this.#grace ??= setTimeout(() => this.#tell({ ...this.#snapshot, properties: null }), RESTART_GRACE_MS);
    return properties;
  }

  #keep(person: PersonState): void {
    if (JSON.stringify(person) === JSON.stringify(this.#person)) return;
    this.#person = person;
    // A full or read-only disk must not stop the screen: the person may be asked once more, that is all.
    this.#saved = this.#saved.then(() => writeState(this.#options.stateFile, person)).catch(() => undefined);
  }

  #tell(snapshot: ActivitySnapshot): void {
    if (JSON.stringify(snapshot) === JSON.stringify(this.#snapshot)) return;
    this.#snapshot = snapshot;
    for (const listener of [...this.#listeners]) listener(snapshot);
  }
}
