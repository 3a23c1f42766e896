/** Who owns which well-known name, as the bus tells it. */
import type { Signal, Unsubscribe } from './call.ts';
import type { SignalRule } from './match.ts';

interface Bus {
  callBus(member: string, signature: string, body: readonly unknown[]): Promise<readonly unknown[]>;
  onSignal(rule: SignalRule, listener: (signal: Signal) => void): Unsubscribe;
}
interface Watcher {
  /** The new owner's unique name, empty when nobody owns the name. */
  readonly changed: (owner: string) => void;
}
interface Watched {
  /** `undefined` until the bus answered for the first time. */
  owner: string | undefined;
  readonly watchers: Set<Watcher>;
  readonly stop: Unsubscribe;
}

const BUS = 'org.freedesktop.DBus';

export class NameOwners {
  readonly #bus: Bus;
  readonly #names = new Map<string, Watched>();
  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** The unique name of the owner of a watched name; `undefined` when not known, empty when there is none. */
  ownerOf(name: string): string | undefined {
    return this.#names.get(name)?.owner;
  }

  watch(name: string, watcher: Watcher): Unsubscribe {
    const known = this.#names.get(name);
    const watched = known ?? this.#start(name);
    watched.watchers.add(watcher);
    const owner = known?.owner;
    if (owner !== undefined) queueMicrotask(() => watched.watchers.has(watcher) && watcher.changed(owner));
    return () => {
      watched.watchers.delete(watcher);
      if (watched.watchers.size > 0 || this.#names.get(name) !== watched) return;
      this.#names.delete(name);
      watched.stop();
    };
  }

  #start(name: string): Watched {
    const rule = { sender: BUS, interface: BUS, member: 'NameOwnerChanged', arg0: name };
    const set = (owner: string) => {
      if (watched.owner === owner) return;
      watched.owner = owner;
      for (const watcher of [...watched.watchers]) watcher.changed(owner);
    };
    const stop = this.#bus.onSignal(rule, ({ body }) => {
      if (typeof body[2] === 'string') set(body[2]);
    });
    const watched: Watched = { owner: undefined, watchers: new Set(), stop };
    this.#names.set(name, watched);
    // The match came first, so no change falls between; a change that came before the answer is the newer word.
    this.#bus.callBus('GetNameOwner', 's', [name]).then(
      ([owner]) => watched.owner === undefined && typeof owner === 'string' && set(owner),
      () => watched.owner === undefined && set(''),
    );
    return watched;
  }
}
