/**
 * Tells of a new version through the desktop's own notifications (Desktop Notifications Specification 1.2). It is the only thing
 * that comes by itself, once for each version and step: a window is never opened without a tap.
 */
import type { BusConnection } from '../dbus/connection.ts';
import type { ActivitySnapshot } from '../service/api/activity.ts';
import { NO_NOTICE, type Notice, noticeOf } from './notice.ts';

export interface NoticeWords {
  readonly title: string;
  readonly body: string;
  /** Label of the one action. */
  readonly show: string;
}

export interface NotifierOptions {
  readonly connection: BusConnection;
  readonly words: (kind: 'available' | 'ready') => NoticeWords;
  /** The person tapped the notification or its action. */
  readonly show: () => void;
  /** Nobody is told what they are looking at. */
  readonly looking: () => boolean;
  readonly nowMs?: () => number;
}

const SERVICE = {
  destination: 'org.freedesktop.Notifications',
  path: '/org/freedesktop/Notifications',
  interface: 'org.freedesktop.Notifications',
} as const;
/** The server's own choice. */
const EXPIRES = -1;

export class Notifier {
  readonly #options: NotifierOptions;
  #told: Notice = NO_NOTICE;
  /** Of the notification that stands; 0: none. */
  #id = 0;
  /** One after the other, so that the id of the last is known. */
  #work: Promise<void> = Promise.resolve();

  constructor(options: NotifierOptions) {
    this.#options = options;
    const { destination: sender, path, interface: iface } = SERVICE;
    options.connection.onSignal({ sender, path, interface: iface, member: 'ActionInvoked' }, ({ body: [id] }) => {
      if (id === this.#id && this.#id !== 0) options.show();
    });
    options.connection.onSignal({ sender, path, interface: iface, member: 'NotificationClosed' }, ({ body: [id] }) => {
      if (id === this.#id) this.#id = 0;
    });
  }

  hear(snapshot: ActivitySnapshot): void {
    const notice = noticeOf(snapshot, (this.#options.nowMs ?? Date.now)() / 1000);
    // Seen on the screen is told, too.
    if (this.#options.looking()) {
      this.#told = notice;
      this.#then(() => this.#close());
      return;
    }
    if (notice.kind === this.#told.kind && notice.version === this.#told.version) return;
    this.#told = notice;
    const { kind } = notice;
    this.#then(() => (kind === 'none' ? this.#close() : this.#notify(kind)));
  }

  /** Takes the notification back: its window is on the screen. */
  seen(): void {
    this.#then(() => this.#close());
  }

  #then(work: () => Promise<void>): void {
    // A desktop without notifications is no trouble: the icon tells.
    this.#work = this.#work.then(work).catch(() => undefined);
  }

  async #notify(kind: 'available' | 'ready'): Promise<void> {
    const { connection, words } = this.#options;
    const { title, body, show } = words(kind);
    const hints = {
      'desktop-entry': { signature: 's', value: 'ripple' },
      category: { signature: 's', value: 'device' },
    };
    const [id] = await connection.call({
      ...SERVICE,
      member: 'Notify',
      signature: 'susssasa{sv}i',
      body: ['Ripple', this.#id, 'ripple', title, body, ['default', show, 'show', show], hints, EXPIRES],
      replySignature: 'u',
    });
    if (typeof id === 'number') this.#id = id;
  }

  async #close(): Promise<void> {
    const id = this.#id;
    if (id === 0) return;
    this.#id = 0;
    const { connection } = this.#options;
    await connection.call({ ...SERVICE, member: 'CloseNotification', signature: 'u', body: [id] });
  }
}
