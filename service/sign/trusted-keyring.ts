/** A keyring with its keys read: what documents are judged by. */

import { SignatureError } from '../core/signature-error.ts';
import { KEY_ROLES, type KeyRole, type RoleRule } from '../core/trust.ts';
import { type Keyring, parseKeyring } from '../image/documents.ts';
import { TrustedKey } from './trusted-key.ts';

export class TrustedKeyring {
  readonly document: Keyring;
  /** Every key of every role, each once. */
  readonly keys: readonly TrustedKey[];
  readonly #rules: Readonly<Record<KeyRole, RoleRule>>;

  private constructor(document: Keyring, keys: readonly TrustedKey[], rules: Readonly<Record<KeyRole, RoleRule>>) {
    this.document = document;
    this.keys = keys;
    this.#rules = rules;
  }

  /** @throws RippleError('InvalidArgument') naming the member or the key that cannot be read */
  static async read(payload: Uint8Array): Promise<TrustedKeyring> {
    const document = parseKeyring(payload);
    const what = `keyring ${document.version}`;
    const byText = new Map<string, TrustedKey>();
    const byFingerprint = new Map<string, TrustedKey>();
    const readRole = async (role: KeyRole): Promise<RoleRule> => {
      const fingerprints = new Set<string>();
      for (const [i, text] of document.roles[role].keys.entries()) {
        const key = byText.get(text) ?? (await TrustedKey.read(`${what}: "roles.${role}.keys[${i}]"`, text));
        byText.set(text, key);
        // Two copies could differ in expiry or revocation, and the laxer one must not win.
        const other = byFingerprint.get(key.fingerprint);
        if (other && other.armored !== key.armored)
          throw new SignatureError('malformed', `${what}: lists two different copies of key ${key.fingerprint}`);
        byFingerprint.set(key.fingerprint, other ?? key);
        fingerprints.add(key.fingerprint);
      }
      return { threshold: document.roles[role].threshold, fingerprints };
    };
    const rules = {
      root: await readRole('root'),
      release: await readRole('release'),
      latest: await readRole('latest'),
      order: await readRole('order'),
    };
    return new TrustedKeyring(document, [...byFingerprint.values()], rules);
  }

  get version(): number {
    return this.document.version;
  }

  rule(role: KeyRole): RoleRule {
    return this.#rules[role];
  }

  /** Roles whose keys are not the same in the two keyrings. */
  rolesThatDiffer(other: TrustedKeyring): readonly KeyRole[] {
    return KEY_ROLES.filter((role) => {
      const [a, b] = [this.rule(role).fingerprints, other.rule(role).fingerprints];
      return a.size !== b.size || [...a].some((fingerprint) => !b.has(fingerprint));
    });
  }
}
