import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  holdsPrivateKey,
  loadPublicKey,
  loadSigner,
  readPassphrase,
  writeKeyFiles,
} from '../../service/publish/keys.ts';
import { generateSigningKey } from '../../service/sign/signer.ts';
import { Gpg } from '../helpers/gpg.ts';
import { refusedWith } from '../helpers/refused.ts';
import { tempFolder } from '../helpers/temp.ts';

test('a key file is readable by its owner alone, and the two halves belong together', async (t) => {
  const file = join(tempFolder(t), 'root.key');
  const key = await generateSigningKey({ name: 'Root' });
  await writeKeyFiles(file, key);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal((await loadSigner(file)).fingerprint, key.fingerprint);
  assert.equal((await loadPublicKey(`${file}.pub`)).fingerprint, key.fingerprint);
  assert.equal((await loadPublicKey(file)).armored, (await loadPublicKey(`${file}.pub`)).armored);
  assert.deepEqual([await holdsPrivateKey(file), await holdsPrivateKey(`${file}.pub`)], [true, false]);
});

test('no key is ever written over', async (t) => {
  const folder = tempFolder(t);
  const key = await generateSigningKey({ name: 'Root' });
  for (const taken of ['a', 'b.pub']) {
    const file = join(folder, taken.replace('.pub', ''));
    writeFileSync(join(folder, taken), 'precious');
    await refusedWith('InvalidArgument', writeKeyFiles(file, key), /exists already/);
    assert.equal(readFileSync(join(folder, taken), 'utf8'), 'precious');
  }
  assert.equal(existsSync(join(folder, 'a.pub')), false);
  assert.equal(existsSync(join(folder, 'b')), false, 'half a key is left');
});

test('a key file that cannot be used says why', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'locked.key');
  await writeKeyFiles(file, await generateSigningKey({ name: 'Locked', passphrase: 'right' }));
  await loadSigner(file, 'right');
  const nonsense = join(folder, 'nonsense');
  writeFileSync(nonsense, 'hello');
  mkdirSync(join(folder, 'folder'));
  await refusedWith('InvalidArgument', loadSigner(file), /locked.key: is locked: give its passphrase/);
  await refusedWith('InvalidArgument', loadSigner(file, 'wrong'), /the passphrase is wrong/);
  await refusedWith('InvalidArgument', loadSigner(`${file}.pub`), /is a public key where the private one is needed/);
  await refusedWith('InvalidArgument', loadSigner(nonsense), /is not an OpenPGP key/);
  await refusedWith('InvalidArgument', loadPublicKey(nonsense), /is not an OpenPGP key/);
  await refusedWith('InvalidArgument', loadSigner(join(folder, 'absent')), /it is not there/);
  await refusedWith('InvalidArgument', loadSigner(join(folder, 'folder')), /it is a folder/);
});

test('the passphrase is the first line of its file', async (t) => {
  const file = join(tempFolder(t), 'passphrase');
  for (const text of ['two words', 'two words\n', 'two words\r\nmore\n']) {
    writeFileSync(file, text);
    assert.equal(await readPassphrase(file), 'two words');
  }
  writeFileSync(file, '\n');
  await refusedWith('InvalidArgument', readPassphrase(file), /is empty/);
});

test('keys that gpg exported are read, armored or not, locked or not', async (t) => {
  const gpg = new Gpg();
  t.after(() => gpg.remove());
  const fingerprint = gpg.generate('Theirs', 'ed25519', '0', ['--passphrase', 'geheim']);
  const file = join(tempFolder(t), 'theirs');
  writeFileSync(file, gpg.must(['--passphrase', 'geheim', '--export-secret-keys', 'Theirs']));
  assert.equal((await loadSigner(file, 'geheim')).fingerprint, fingerprint);
  await refusedWith('InvalidArgument', loadSigner(file, 'secret'), /passphrase is wrong/);
  writeFileSync(file, gpg.must(['--export', 'Theirs']));
  assert.equal((await loadPublicKey(file)).fingerprint, fingerprint);
  gpg.generate('Other', 'ed25519');
  writeFileSync(file, gpg.must(['--export']));
  await refusedWith('InvalidArgument', loadPublicKey(file), /holds 2 keys, exactly one is needed/);
});
