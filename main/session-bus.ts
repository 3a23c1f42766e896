/**
 * The activity on the person's own message bus: one name, so that there is one window, and the desktop's standard way to ask a
 * program to show itself (Desktop Entry Specification, "D-Bus Activation").
 */
import { type BusConnection, connectBus } from '../dbus/connection.ts';
import { standardError } from '../dbus/error.ts';

export const APPLICATION = 'org.laptop.Ripple';
const PATH = '/org/laptop/Ripple';
const INTERFACE = 'org.freedesktop.Application';
/** An instance that does not answer in this time is not there. */
const RAISE_TIMEOUT_MS = 5000;

/** The session bus's address; `undefined` where the person has none, as on a console. */
export function sessionBusAddress(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.DBUS_SESSION_BUS_ADDRESS) return env.DBUS_SESSION_BUS_ADDRESS;
  return env.XDG_RUNTIME_DIR ? `unix:path=${env.XDG_RUNTIME_DIR}/bus` : undefined;
}

/**
 * Becomes the one instance on this bus, and calls `activate` when another start asks for the window. `raised`: there is one
 * already, and it was asked to show its window.
 */
export type Claim =
  | { readonly kind: 'first'; readonly connection: BusConnection }
  | { readonly kind: 'raised' }
  | { readonly kind: 'alone' };

/** `address` undefined or a bus that is not there: `alone`, and nothing can be told or asked. `show`: whether to raise the first. */
export async function claimSession(address: string | undefined, activate: () => void, show = true): Promise<Claim> {
  if (address === undefined) return { kind: 'alone' };
  let connection: BusConnection | undefined;
  try {
    connection = await connectBus(address);
    connection.addDispatcher((call) => {
      if (call.path !== PATH || (call.interface !== undefined && call.interface !== INTERFACE)) return undefined;
      // What somebody wants opened is never more than the window: no address leads anywhere in it.
      if (!['Activate', 'Open', 'ActivateAction'].includes(call.member))
        return Promise.reject(standardError('UnknownMethod', `no method ${call.member}`));
      activate();
      return Promise.resolve({ signature: '', body: [] });
    });
    try {
      await connection.requestName(APPLICATION);
      return { kind: 'first', connection };
    } catch {
      if (show)
        await connection.call({
          destination: APPLICATION,
          path: PATH,
          interface: INTERFACE,
          member: 'Activate',
          signature: 'a{sv}',
          body: [{}],
          timeoutMs: RAISE_TIMEOUT_MS,
        });
      connection.close();
      return { kind: 'raised' };
    }
  } catch {
    connection?.close();
    return { kind: 'alone' };
  }
}
