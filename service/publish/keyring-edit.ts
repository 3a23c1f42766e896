/** What the next keyring says: pure. */
import { RippleError } from '../api/errors.ts';
import { KEY_ROLES, type KeyRole } from '../core/trust.ts';
import type { Keyring, KeyringRole } from '../image/documents.ts';
import { TrustedKey } from '../sign/trusted-key.ts';

export type RolePlan = Readonly<Partial<Record<KeyRole, readonly TrustedKey[]>>>;
export type Thresholds = Readonly<Partial<Record<KeyRole, number>>>;

/** Keyring 1. A role without keys of its own is served by the root keys; thresholds are 1 unless given. */
export function firstKeyring(
  plan: RolePlan & { readonly root: readonly TrustedKey[] },
  thresholds: Thresholds,
): Keyring {
  const role = (name: KeyRole): KeyringRole => {
    const keys = plan[name] ?? plan.root;
    return checked(name, { threshold: thresholds[name] ?? 1, keys: distinct(name, keys).map((key) => key.armored) });
  };
  return {
    version: 1,
    roles: { root: role('root'), release: role('release'), latest: role('latest'), order: role('order') },
  };
}

export interface KeyringChange {
  readonly add?: { readonly roles: readonly KeyRole[]; readonly keys: readonly TrustedKey[] };
  /** By primary fingerprint. */
  readonly remove?: { readonly roles: readonly KeyRole[]; readonly fingerprints: readonly string[] };
  /** New copies of keys that are listed: extended or revoked since. */
  readonly update?: readonly TrustedKey[];
  readonly thresholds?: Thresholds;
}

/** The keyring after `current`. @throws RippleError('InvalidArgument') for a change that changes nothing or breaks a role */
export async function nextKeyring(current: Keyring, change: KeyringChange): Promise<Keyring> {
  const fresh = [...(change.add?.keys ?? []), ...(change.update ?? [])];
  const listed = new Set<string>();
  const role = async (name: KeyRole): Promise<KeyringRole> => {
    const { threshold, keys } = current.roles[name];
    const before = await Promise.all(keys.map((text) => TrustedKey.read(`keyring ${current.version}`, text)));
    for (const key of before) listed.add(key.fingerprint);
    // A key that comes again is the newer copy, in every role that lists it.
    let after = before.map((key) => fresh.find((other) => other.fingerprint === key.fingerprint) ?? key);
    if (change.add?.roles.includes(name))
      for (const key of change.add.keys)
        if (!after.some((other) => other.fingerprint === key.fingerprint)) after.push(key);
    if (change.remove?.roles.includes(name)) {
      const { fingerprints } = change.remove;
      after = after.filter((key) => !fingerprints.includes(key.fingerprint));
    }
    return { threshold: change.thresholds?.[name] ?? threshold, keys: after.map((key) => key.armored) };
  };
  const roles = {
    root: await role('root'),
    release: await role('release'),
    latest: await role('latest'),
    order: await role('order'),
  };
  for (const fingerprint of [
    ...(change.remove?.fingerprints ?? []),
    ...(change.update ?? []).map((k) => k.fingerprint),
  ])
    if (!listed.has(fingerprint)) throw bad(`keyring ${current.version}: does not list key ${fingerprint}`);
  if (JSON.stringify(roles) === JSON.stringify(current.roles))
    throw bad(`keyring ${current.version}: has all this already, nothing to change`);
  for (const name of KEY_ROLES) checked(name, roles[name]);
  return { version: current.version + 1, roles };
}

function distinct(role: KeyRole, keys: readonly TrustedKey[]): readonly TrustedKey[] {
  const byFingerprint = new Map(keys.map((key) => [key.fingerprint, key]));
  if (byFingerprint.size < keys.length) throw bad(`role ${role}: the same key is given twice`);
  return keys;
}

function checked(name: KeyRole, role: KeyringRole): KeyringRole {
  if (role.keys.length === 0) throw bad(`role ${name}: would have no key left`);
  if (role.threshold > role.keys.length)
    throw bad(`role ${name}: needs ${role.threshold} signatures but would have ${role.keys.length} keys`);
  return role;
}

function bad(message: string): RippleError {
  return new RippleError('InvalidArgument', message);
}
