/**
 * Who may do what. The caller is whoever the bus says sent the call, never what an argument claims. With polkit on the bus,
 * polkit decides; without it root, the members of one group and, if configured so, the daemon's own user.
 */
import { readFile } from 'node:fs/promises';
import type { BusConnection } from '../../dbus/connection.ts';
import { BusError } from '../../dbus/error.ts';
import { isWireVariant } from '../../dbus/wire.ts';
import { POLKIT_PREFIX, type PolkitAction } from '../api/description.ts';
import { RippleError } from '../api/errors.ts';
import type { Logger } from '../core/ports.ts';
import { groupId } from './groups.ts';
import { askPolkit, polkitOnBus } from './polkit.ts';

export interface AuthorityRequest {
  /** Unique bus name of the caller. */
  readonly sender: string;
  readonly action: PolkitAction;
  /** The caller agreed that polkit asks for a password. */
  readonly allowInteraction: boolean;
}

export interface Authority {
  /** The caller's uid if it may; else rejects with `RippleError` NotAuthorized, which names the action. */
  authorize(request: AuthorityRequest): Promise<number>;
}

export interface AuthoritySettings {
  /** Without polkit its members may do what a person at the screen may; empty: nobody. */
  readonly group: string;
  /** Without polkit the user the daemon runs as may do everything: for the demo, which has no root. */
  readonly allowSameUser: boolean;
}

/** What a person at the screen may do without a password, as in `assets/polkit`. */
const EVERYDAY: ReadonlySet<PolkitAction> = new Set(['check', 'update', 'defer', 'rollback']);

interface Caller {
  readonly uid: number;
  readonly groups: readonly number[];
}

export class BusAuthority implements Authority {
  readonly #connection: BusConnection;
  readonly #settings: AuthoritySettings;
  readonly #logger: Logger;
  constructor(connection: BusConnection, settings: AuthoritySettings, logger: Logger) {
    this.#connection = connection;
    this.#settings = settings;
    this.#logger = logger;
  }

  async authorize(request: AuthorityRequest): Promise<number> {
    const { sender, action } = request;
    const caller = await this.#identify(sender, action);
    if (caller.uid === 0) return caller.uid;
    const refusal = (await polkitOnBus(this.#connection))
      ? await this.#polkit(request)
      : await this.#withoutPolkit(caller, action);
    if (refusal === undefined) return caller.uid;
    this.#logger.warn('refused a call', { action, uid: caller.uid, why: refusal });
    throw denied(action, `user ${caller.uid}: ${refusal}`);
  }

  async #identify(sender: string, action: PolkitAction): Promise<Caller> {
    try {
      const [credentials] = await this.#connection.callBus('GetConnectionCredentials', 's', [sender]);
      const uid = credential(credentials, 'UnixUserID');
      const groups = credential(credentials, 'UnixGroupIDs');
      if (typeof uid === 'number')
        return { uid, groups: Array.isArray(groups) ? groups.filter((gid) => typeof gid === 'number') : [] };
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
    }
    throw denied(action, 'the bus does not say who asks');
  }

  /** Why not, or `undefined` if polkit allows it. When polkit cannot be asked the answer is no. */
  async #polkit({ sender, action, allowInteraction }: AuthorityRequest): Promise<string | undefined> {
    try {
      const verdict = await askPolkit(this.#connection, sender, POLKIT_PREFIX + action, allowInteraction);
      if (verdict.authorized) return undefined;
      return verdict.challenge ? 'an administrator has to agree' : 'polkit does not allow it';
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      this.#logger.warn('polkit cannot be asked', { error: error.text });
      return 'polkit cannot be asked';
    }
  }

  async #withoutPolkit({ uid, groups }: Caller, action: PolkitAction): Promise<string | undefined> {
    const { group, allowSameUser } = this.#settings;
    if (allowSameUser && uid === process.getuid?.()) return undefined;
    if (!EVERYDAY.has(action)) return 'only root may, without polkit';
    const gid = group === '' ? undefined : groupId(group, await readFile('/etc/group', 'utf8').catch(() => ''));
    if (gid !== undefined && groups.includes(gid)) return undefined;
    return group === '' ? 'only root may, without polkit' : `only root and members of the group ${group} may`;
  }
}

function credential(credentials: unknown, key: string): unknown {
  if (typeof credentials !== 'object' || credentials === null) return undefined;
  const entry = Object.entries(credentials).find(([name]) => name === key)?.[1];
  return isWireVariant(entry) ? entry.value : undefined;
}

function denied(action: PolkitAction, why: string): RippleError {
  return new RippleError('NotAuthorized', `not allowed: ${POLKIT_PREFIX}${action} (${why})`);
}
