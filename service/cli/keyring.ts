/** `ripple keyring`: which keys laptops trust, for what, and how many must sign. */
import { KEY_ROLES, type KeyRole } from '../core/trust.ts';
import { firstKeyring, type KeyringChange, nextKeyring, type Thresholds } from '../publish/keyring-edit.ts';
import { KeyringFolder, type KeyringOutcome } from '../publish/keyring-folder.ts';
import { holdsPrivateKey, loadPublicKey, loadSigner, readPassphrase } from '../publish/keys.ts';
import type { Signer } from '../sign/signer.ts';
import { TrustedKey } from '../sign/trusted-key.ts';
import { type Command, type Invocation, parseInteger, UsageError } from './command.ts';
import { writeRescueKeys } from './rescue-keys.ts';
import { formatTable, type Terminal } from './terminal.ts';

const ACTIONS = ['init', 'add', 'remove', 'update', 'sign', 'show', 'export'] as const;

export const keyringCommand: Command = {
  description: `The keyring of a repository lists the keys of four roles: root (changes the keyring), release (says what a version is), latest (says which is newest) and order (moves a class). Each change makes the next keyring, which must be signed by enough root keys of the old one and of the new one.

init makes the first keyring from --root (and --release, --latest, --order; without them the root keys serve). add and remove change the keys of each --role; without --role, remove takes the key from all. update puts in newer copies of listed keys: extended, or revoked. Each takes --threshold ROLE=N too.

While signatures are missing, the new keyring waits beside the others, and its other holders add theirs with sign. show prints what is trusted now. export writes the keys of --file as gpgv wants them into --out, for the rescue in the initramfs.

KEY is a file: made by ripple keygen, or exported by gpg; remove also takes a fingerprint.`,
  positionals: [
    { name: 'ACTION', doc: 'init, add, remove, update, sign, show or export', choices: ACTIONS },
    { name: 'KEY', doc: 'the keys to add, remove, update or sign with', optional: true, rest: true },
  ],
  options: {
    repo: { type: 'string', value: 'DIR', doc: 'the repository; all but export need it' },
    root: { type: 'string', multiple: true, value: 'KEY', doc: 'init: a root key; the private ones also sign' },
    release: { type: 'string', multiple: true, value: 'KEY', doc: 'init: a key that may sign releases' },
    latest: { type: 'string', multiple: true, value: 'KEY', doc: 'init: a key that may say which version is newest' },
    order: { type: 'string', multiple: true, value: 'KEY', doc: 'init: a key that may sign orders' },
    role: { type: 'string', multiple: true, value: 'ROLE', doc: 'add, remove: the role to change' },
    threshold: { type: 'string', multiple: true, value: 'ROLE=N', doc: 'how many keys of the role must sign' },
    sign: { type: 'string', multiple: true, value: 'KEY', doc: 'a private root key that signs the new keyring' },
    'passphrase-file': { type: 'string', value: 'FILE', doc: 'its first line unlocks the private keys' },
    file: { type: 'string', value: 'FILE', doc: 'export: a keyring, e.g. /etc/ripple/keyring.pgp' },
    out: { type: 'string', value: 'DIR', doc: 'export: where the keys go' },
    json: { type: 'boolean', doc: 'print JSON' },
  },
  examples: [
    'ripple keyring init --repo repo --root root.key --release release.key.pub --latest server.key.pub',
    'ripple keyring add --repo repo --role release new.key.pub --sign root.key',
    'ripple keyring show --repo repo',
  ],
  async run(invocation) {
    const action = ACTIONS.find((word) => word === invocation.positional(0));
    if (action === 'export') {
      const folder = invocation.required('out');
      const files = writeRescueKeys(invocation.required('file'), folder);
      return invocation.terminal.result({ folder, files }, () => files.map((file) => `${folder}/${file}`).join('\n'));
    }
    const folder = new KeyringFolder(invocation.required('repo'));
    switch (action) {
      case 'init':
        return tell(invocation.terminal, await init(folder, invocation));
      case 'add':
      case 'remove':
      case 'update':
        return tell(invocation.terminal, await change(folder, invocation, action));
      case 'sign':
        return tell(invocation.terminal, await sign(folder, invocation));
      case 'show':
        return show(invocation.terminal, folder);
      case undefined:
        throw new UsageError(`"${invocation.positional(0)}" is none of ${ACTIONS.join(', ')}`);
    }
  },
};

async function init(folder: KeyringFolder, invocation: Invocation): Promise<KeyringOutcome> {
  const rootFiles = invocation.list('root');
  if (rootFiles.length === 0) throw new UsageError('--root KEY is missing');
  const load = async (role: KeyRole): Promise<{ readonly [R in KeyRole]?: readonly TrustedKey[] }> => {
    const files = invocation.list(role);
    return files.length === 0 ? {} : { [role]: await Promise.all(files.map(loadPublicKey)) };
  };
  const root = await Promise.all(rootFiles.map(loadPublicKey));
  const others = { ...(await load('release')), ...(await load('latest')), ...(await load('order')) };
  const keyring = firstKeyring({ ...others, root }, thresholds(invocation));
  const isPrivate = await Promise.all(rootFiles.map(holdsPrivateKey));
  const signing = [...rootFiles.filter((_, i) => isPrivate[i]), ...invocation.list('sign')];
  return folder.propose(keyring, await signers(invocation, signing));
}

async function change(
  folder: KeyringFolder,
  invocation: Invocation,
  action: 'add' | 'remove' | 'update',
): Promise<KeyringOutcome> {
  const files = invocation.positionals.slice(1);
  const roles = invocation.list('role').map(parseRole);
  const limits = thresholds(invocation);
  if (files.length === 0 && Object.keys(limits).length === 0) throw new UsageError('KEY is missing');
  if (action === 'add' && files.length > 0 && roles.length === 0) throw new UsageError('--role ROLE is missing');
  const edit: KeyringChange =
    action === 'remove'
      ? {
          remove: {
            roles: roles.length > 0 ? roles : KEY_ROLES,
            fingerprints: await Promise.all(files.map(fingerprintOf)),
          },
        }
      : action === 'add'
        ? { add: { roles, keys: await Promise.all(files.map(loadPublicKey)) } }
        : { update: await Promise.all(files.map(loadPublicKey)) };
  const { keyring } = await folder.mustNewest();
  const next = await nextKeyring(keyring, { ...edit, thresholds: limits });
  return folder.propose(next, await signers(invocation, invocation.list('sign')));
}

async function sign(folder: KeyringFolder, invocation: Invocation): Promise<KeyringOutcome> {
  return folder.sign(await signers(invocation, [...invocation.positionals.slice(1), ...invocation.list('sign')]));
}

/** A lost key has no file any more: its fingerprint is enough. */
async function fingerprintOf(keyOrFile: string): Promise<string> {
  const fingerprint = keyOrFile.replaceAll(' ', '').toLowerCase();
  return /^[0-9a-f]{40}$/.test(fingerprint) ? fingerprint : (await loadPublicKey(keyOrFile)).fingerprint;
}

async function signers(invocation: Invocation, files: readonly string[]): Promise<readonly Signer[]> {
  if (files.length === 0) throw new UsageError('--sign KEY is missing: a private root key must sign');
  const passphraseFile = invocation.string('passphrase-file');
  const passphrase = passphraseFile === undefined ? undefined : await readPassphrase(passphraseFile);
  return Promise.all([...new Set(files)].map((file) => loadSigner(file, passphrase)));
}

function thresholds(invocation: Invocation): Thresholds {
  const pairs = invocation.list('threshold').map((text) => {
    const [role = '', count = ''] = text.split('=', 2);
    return [parseRole(role), parseInteger('--threshold ROLE=N', count, 1, 16)] as const;
  });
  return Object.fromEntries(pairs);
}

function parseRole(word: string): KeyRole {
  const role = KEY_ROLES.find((name) => name === word);
  if (role === undefined) throw new UsageError(`"${word}" is no role: use ${KEY_ROLES.join(', ')}`);
  return role;
}

function tell(terminal: Terminal, outcome: KeyringOutcome): void {
  terminal.result(outcome, () =>
    outcome.state === 'published'
      ? `keyring ${outcome.version} is signed and published: ${outcome.file}`
      : `keyring ${outcome.version} waits for more signatures: ${outcome.file}\n${outcome.missing}\nnext: ripple keyring sign --sign KEY`,
  );
}

async function show(terminal: Terminal, folder: KeyringFolder): Promise<void> {
  const { keyring } = await folder.mustNewest();
  const pending = (await folder.pending())?.version;
  const roles = await Promise.all(
    KEY_ROLES.map(async (role) => {
      const { threshold, keys } = keyring.roles[role];
      return { role, threshold, keys: await Promise.all(keys.map((text) => TrustedKey.read(role, text))) };
    }),
  );
  const describe = (key: TrustedKey): { fingerprint: string; name: string; expires: string; revoked: boolean } => ({
    fingerprint: key.fingerprint,
    name: key.name,
    expires: key.expiresSeconds === Number.POSITIVE_INFINITY ? 'never' : isoDay(key.expiresSeconds),
    revoked: key.revoked,
  });
  const value = {
    version: keyring.version,
    roles: roles.map(({ role, threshold, keys }) => ({ role, threshold, keys: keys.map(describe) })),
    ...(pending === undefined ? {} : { pending }),
  };
  terminal.result(value, () => {
    const rows = value.roles.flatMap(({ role, threshold, keys }) =>
      keys.map((key, i) => [
        i === 0 ? role : '',
        i === 0 ? `${threshold} of ${keys.length}` : '',
        key.fingerprint,
        key.revoked ? 'revoked' : key.expires,
        key.name,
      ]),
    );
    const table = formatTable(['ROLE', 'NEEDS', 'KEY', 'EXPIRES', 'NAME'], rows);
    const waits = pending === undefined ? '' : `\nkeyring ${pending} waits for signatures`;
    return `keyring ${keyring.version}\n${table}${waits}`;
  });
}

function isoDay(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
