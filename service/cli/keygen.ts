/** `ripple keygen`: a new signing key. */
import { publicKeyFile, readPassphrase, writeKeyFiles } from '../publish/keys.ts';
import { generateSigningKey } from '../sign/signer.ts';
import type { Command } from './command.ts';

const SECONDS_PER_DAY = 86_400;

export const keygenCommand: Command = {
  description: `Makes an Ed25519 OpenPGP key. The private half goes to FILE, readable by you alone, the public half to FILE.pub. Existing files are never written over.

Keep the private file away from the server that hands out versions. gpg reads both files, and every command here that takes a key also takes one that gpg exported.`,
  positionals: [],
  options: {
    out: { type: 'string', short: 'o', value: 'FILE', doc: 'where the key goes; ripple.key unless given' },
    name: { type: 'string', value: 'TEXT', doc: 'whose key it is, as people will see it' },
    'passphrase-file': { type: 'string', value: 'FILE', doc: 'lock the key with the first line of FILE' },
    expires: { type: 'string', value: 'DAYS', doc: 'it cannot sign after this many days; never expires unless given' },
    json: { type: 'boolean', doc: 'print JSON' },
  },
  examples: [
    'ripple keygen --out root.key --name "School network root"',
    'ripple keygen --out release.key --expires 730',
  ],
  async run(invocation) {
    const file = invocation.string('out') ?? 'ripple.key';
    const days = invocation.integer('expires', 1, 36_500);
    const passphraseFile = invocation.string('passphrase-file');
    const key = await generateSigningKey({
      name: invocation.string('name') ?? 'Ripple signing key',
      passphrase: passphraseFile === undefined ? undefined : await readPassphrase(passphraseFile),
      expiresInSeconds: days === undefined ? undefined : days * SECONDS_PER_DAY,
    });
    await writeKeyFiles(file, key);
    const { fingerprint } = key;
    invocation.terminal.result(
      { fingerprint, privateKey: file, publicKey: publicKeyFile(file) },
      () => `key ${fingerprint}\nprivate half: ${file}  (keep it safe)\npublic half:  ${publicKeyFile(file)}`,
    );
  },
};
