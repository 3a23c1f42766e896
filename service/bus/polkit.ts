/** Asking polkit. Interface: polkit reference manual, "org.freedesktop.PolicyKit1.Authority". */
import type { BusConnection } from '../../dbus/connection.ts';

const NAME = 'org.freedesktop.PolicyKit1';
const ALLOW_USER_INTERACTION = 1;
/** Somebody may be typing a password. */
const TIMEOUT_MS = 110_000;

export interface PolkitVerdict {
  readonly authorized: boolean;
  /** It would be allowed after somebody proved who they are. */
  readonly challenge: boolean;
}

/** Whether polkit runs on this bus or would be started when asked. */
export async function polkitOnBus(connection: BusConnection): Promise<boolean> {
  const [owned] = await connection.callBus('NameHasOwner', 's', [NAME]);
  if (owned === true) return true;
  const [names] = await connection.callBus('ListActivatableNames', '', []);
  return Array.isArray(names) && names.includes(NAME);
}

/** Asks about whoever has the unique name `sender`. Rejects with `BusError` when there is no answer. */
export async function askPolkit(
  connection: BusConnection,
  sender: string,
  action: string,
  allowInteraction: boolean,
): Promise<PolkitVerdict> {
  const [verdict] = await connection.call({
    destination: NAME,
    path: '/org/freedesktop/PolicyKit1/Authority',
    interface: 'org.freedesktop.PolicyKit1.Authority',
    member: 'CheckAuthorization',
    signature: '(sa{sv})sa{ss}us',
    body: [
      ['system-bus-name', { name: { signature: 's', value: sender } }],
      action,
      {},
      allowInteraction ? ALLOW_USER_INTERACTION : 0,
      '',
    ],
    replySignature: '(bba{ss})',
    timeoutMs: TIMEOUT_MS,
  });
  const [authorized, challenge] = Array.isArray(verdict) ? verdict : [];
  return { authorized: authorized === true, challenge: challenge === true };
}
