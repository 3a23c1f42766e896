/** A publisher with keys, in memory: what the trust tests sign with. */

import type { KeyRole } from '../../service/core/trust.ts';
import {
  formatKeyring,
  formatLatest,
  formatRelease,
  type Keyring,
  type Latest,
  type Release,
} from '../../service/image/documents.ts';
import { signDocument } from '../../service/sign/document.ts';
import { generateSigningKey, Signer } from '../../service/sign/signer.ts';

/** 2024-01-01, in seconds since 1970: when the keys of the tests were made. */
export const NEW_YEAR = 1_704_067_200;
export const DAY = 86_400;
export const at = (days: number): Date => new Date((NEW_YEAR + days * DAY) * 1000);

export interface TestKey {
  readonly fingerprint: string;
  readonly publicKey: string;
  readonly signer: Signer;
}

export async function testKey(
  name: string,
  options: { expiresInDays?: number; madeOnDay?: number } = {},
): Promise<TestKey> {
  const { expiresInDays, madeOnDay = 0 } = options;
  const expiresInSeconds = expiresInDays === undefined ? undefined : expiresInDays * DAY;
  const key = await generateSigningKey({ name, date: at(madeOnDay), expiresInSeconds });
  const signer = await Signer.read(name, key.privateKey);
  return { fingerprint: key.fingerprint, publicKey: key.publicKey, signer };
}

export type RoleKeys = Readonly<
  Partial<Record<KeyRole, { readonly threshold?: number; readonly keys: readonly string[] }>>
>;

/** A keyring payload; roles not given have the root keys. */
export function keyringPayload(
  version: number,
  roles: RoleKeys & { readonly root: { readonly keys: readonly string[] } },
): Uint8Array {
  const role = (name: KeyRole): Keyring['roles'][KeyRole] => {
    const { threshold = 1, keys } = roles[name] ?? roles.root;
    return { threshold, keys };
  };
  return formatKeyring({
    version,
    roles: { root: role('root'), release: role('release'), latest: role('latest'), order: role('order') },
  });
}

export const RELEASE: Release = {
  image: 'xo',
  version: 7,
  manifest: { sha256: 'ab'.repeat(32), sizeBytes: 123_456 },
  sizeBytes: 987_654_321,
  severity: 'normal',
  released: '2024-01-02T03:04:05Z',
  notes: { sha256: 'cd'.repeat(32), sizeBytes: 789 },
};
export const LATEST: Latest = { image: 'xo', version: 7, epoch: 5, issued: '2024-01-02T03:04:05Z' };

export function signedRelease(
  signers: readonly TestKey[],
  day: number,
  change: Partial<Release> = {},
): Promise<Uint8Array> {
  return sign(formatRelease({ ...RELEASE, ...change }), signers, day);
}
export function signedLatest(
  signers: readonly TestKey[],
  day: number,
  change: Partial<Latest> = {},
): Promise<Uint8Array> {
  return sign(formatLatest({ ...LATEST, ...change }), signers, day);
}
export function sign(payload: Uint8Array, signers: readonly TestKey[], day: number): Promise<Uint8Array> {
  return signDocument(
    payload,
    signers.map((key) => key.signer),
    at(day),
  );
}
