/** A school server on the bus: it follows no version itself. It is there so that `ripple order` and `ripple class` find it. */
import { RippleError } from '../api/errors.ts';
import { NO_PROGRESS, type OrderInfo } from '../api/model.ts';
import type { Updater, UpdaterSignal, UpdaterSnapshot } from '../core/updater.ts';
import type { OrderKeeper } from './order-keeper.ts';
import { DAEMON_VERSION } from './version.ts';

export class SchoolUpdater implements Updater {
  readonly #image: string;
  readonly #keeper: OrderKeeper;
  readonly #changeListeners: (() => void)[] = [];
  readonly #signalListeners: ((signal: UpdaterSignal) => void)[] = [];

  constructor(image: string, keeper: OrderKeeper) {
    this.#image = image;
    this.#keeper = keeper;
    keeper.onChange((isNew) => {
      for (const listener of this.#changeListeners) listener();
      const order = this.#order();
      if (isNew && order) for (const listener of this.#signalListeners) listener({ name: 'OrderReceived', order });
    });
  }

  snapshot(): UpdaterSnapshot {
    return {
      ...{ state: 'idle', image: this.#image, daemonVersion: DAEMON_VERSION, order: this.#order() },
      ...{ bootedVersion: 0, currentVersion: 0, previousVersion: 0, stagedVersion: 0, versions: [], peers: [] },
      ...{ progress: NO_PROGRESS, deferredUntil: 0, restartRequired: false, lastError: { code: '', message: '' } },
    };
  }
  onChange(listener: () => void): void {
    this.#changeListeners.push(listener);
  }
  onSignal(listener: (signal: UpdaterSignal) => void): void {
    this.#signalListeners.push(listener);
  }

  readonly check = refuse;
  readonly fetch = refuse;
  readonly accept = refuse;
  readonly defer = refuse;
  readonly rollback = refuse;
  readonly cancel = refuse;
  readonly verify = refuse;
  readonly repair = refuse;
  readonly restart = refuse;

  /** The server carries it and does not follow it. */
  #order(): OrderInfo | null {
    const order = this.#keeper.standing()?.order;
    if (!order) return null;
    const { version, epoch, when, deadline, classes } = order;
    return { version, epoch, when, deadline: Math.floor(Date.parse(deadline) / 1000), classes, waits: 'class' };
  }
}

async function refuse(): Promise<never> {
  throw new RippleError('WrongState', 'this is a school server: it follows no version itself');
}
