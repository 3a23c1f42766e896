/** A desktop's notification service that keeps what it is told (Desktop Notifications Specification 1.2). */
import { type BusConnection, connectBus } from '../../dbus/connection.ts';

const PATH = '/org/freedesktop/Notifications';
const NAME = 'org.freedesktop.Notifications';

export interface Told {
  readonly id: number;
  readonly replaces: number;
  readonly title: string;
  readonly body: string;
  readonly actions: readonly string[];
}

export class NotificationServer {
  readonly told: Told[] = [];
  readonly closed: number[] = [];
  readonly #connection: BusConnection;

  private constructor(connection: BusConnection) {
    this.#connection = connection;
  }

  static async start(address: string): Promise<NotificationServer> {
    const connection = await connectBus(address);
    const server = new NotificationServer(connection);
    connection.addDispatcher((call) => {
      if (call.path !== PATH) return undefined;
      const body = call.body();
      if (call.member === 'Notify') {
        const [, replaces, , title, text, actions] = body;
        const id = Number(replaces) || server.told.length + 1;
        server.told.push({
          id,
          replaces: Number(replaces),
          title: String(title),
          body: String(text),
          actions: Array.isArray(actions) ? actions.map(String) : [],
        });
        return Promise.resolve({ signature: 'u', body: [id] });
      }
      server.closed.push(Number(body[0]));
      return Promise.resolve({ signature: '', body: [] });
    });
    await connection.requestName(NAME);
    return server;
  }

  /** The person taps an action of the notification. */
  tap(id: number, action: string): void {
    const signal = { path: PATH, interface: NAME, member: 'ActionInvoked', signature: 'us', body: [id, action] };
    this.#connection.emitSignal(signal);
  }

  stop(): void {
    this.#connection.close();
  }
}
