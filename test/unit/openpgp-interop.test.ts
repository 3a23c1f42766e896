import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { formatRelease } from '../../service/image/documents.ts';
import { addSignatures, openDocument, signDocument } from '../../service/sign/document.ts';
import { generateSigningKey, Signer } from '../../service/sign/signer.ts';
import { TrustedKey } from '../../service/sign/trusted-key.ts';
import { Gpg } from '../helpers/gpg.ts';
import { at, RELEASE, testKey } from '../helpers/trust.ts';

const LIMIT = 64 * 1024;
const payload = formatRelease(RELEASE);
const gpg = new Gpg();
after(() => gpg.remove());

test('gpg imports our key, verifies our document and prints what was signed', async () => {
  const key = await testKey('Ours');
  gpg.must(['--import'], key.publicKey);
  const document = await signDocument(payload, [key.signer], at(1));
  const { status, stdout, stderr } = gpg.run(['--decrypt', '--status-fd', '2'], document);
  assert.equal(status, 0, stderr);
  assert.match(stderr, new RegExp(`VALIDSIG ${key.fingerprint.toUpperCase()}`));
  assert.deepEqual(stdout, Buffer.from(payload));
});

test('gpg verifies every signature of a document that several signed one after another', async () => {
  const [a, b, c] = [await testKey('A'), await testKey('B'), await testKey('C')];
  for (const key of [a, b, c]) gpg.must(['--import'], key.publicKey);
  const first = await signDocument(payload, [a.signer, b.signer], at(1));
  const document = await addSignatures(first, [c.signer], LIMIT, at(2));
  const { status, stdout, stderr } = gpg.run(['--decrypt', '--status-fd', '2'], document);
  assert.equal(status, 0, stderr);
  for (const key of [a, b, c]) assert.match(stderr, new RegExp(`VALIDSIG ${key.fingerprint.toUpperCase()}`));
  assert.deepEqual(stdout, Buffer.from(payload));
});

test('gpgv, which the rescue uses, accepts our document too', async () => {
  const key = await testKey('Rescue');
  const ring = join(gpg.home, 'ring.gpg');
  writeFileSync(ring, gpg.must(['--dearmor'], key.publicKey));
  const file = join(gpg.home, 'release.pgp');
  writeFileSync(file, await signDocument(payload, [key.signer], at(1)));
  const { spawnSync } = await import('node:child_process');
  const result = spawnSync('gpgv', ['--keyring', ring, '--output', '-', file]);
  assert.equal(result.status, 0, result.stderr.toString());
  assert.deepEqual(result.stdout, Buffer.from(payload));
});

test('gpg imports our private key, with a passphrase and without', async () => {
  for (const passphrase of [undefined, 'correct horse']) {
    const key = await generateSigningKey({ name: 'Traveller', passphrase });
    gpg.must(['--passphrase', passphrase ?? '', '--import'], key.privateKey);
    const user = key.fingerprint.toUpperCase();
    const document = gpg.must(['--passphrase', passphrase ?? '', '-u', user, '--sign'], payload);
    const opened = await openDocument(document, [await TrustedKey.read('key', key.publicKey)], LIMIT);
    assert.equal(opened.signatures[0]?.state, 'fits');
  }
});

for (const algorithm of ['ed25519', 'rsa2048', 'rsa3072']) {
  for (const form of [[], ['--compress-algo', 'zlib'], ['--compress-algo', 'none'], ['--digest-algo', 'SHA384']]) {
    test(`we accept what gpg signs with ${algorithm} ${form.join(' ')}`, async () => {
      const name = `${algorithm}-${form.join('')}`;
      const fingerprint = gpg.generate(name, algorithm);
      const document = gpg.must([...form, '-u', name, '--sign'], payload);
      const { payload: got, signatures } = await openDocument(
        document,
        [await TrustedKey.read(name, gpg.exportPublic(name))],
        LIMIT,
      );
      assert.deepEqual(Buffer.from(got), Buffer.from(payload));
      assert.equal(signatures.length, 1);
      assert.equal(signatures[0]?.state, 'fits');
      assert.equal(signatures[0].fingerprint, fingerprint);
    });
  }
}

test('a signing subkey counts for its primary key, also where the primary secret was left at home', async () => {
  const name = 'Subkeyed';
  const fingerprint = gpg.generate(name, 'ed25519');
  gpg.must(['--quick-add-key', fingerprint, 'ed25519', 'sign', '0']);
  const document = gpg.must(['-u', name, '--sign'], payload);
  const key = await TrustedKey.read(name, gpg.exportPublic(name));
  const [facts] = (await openDocument(document, [key], LIMIT)).signatures;
  assert.equal(facts?.state, 'fits');
  assert.equal(facts.fingerprint, fingerprint);

  const subkeyOnly = gpg.must(['--armor', '--export-secret-subkeys', name]).toString();
  const signer = await Signer.read(name, subkeyOnly);
  const [ours] = (await openDocument(await signDocument(payload, [signer]), [key], LIMIT)).signatures;
  assert.equal(ours?.state, 'fits');
  assert.equal(ours.fingerprint, fingerprint);
});

test('we sign with a private key that gpg exported', async () => {
  for (const algorithm of ['ed25519', 'rsa2048']) {
    const name = `exported ${algorithm}`;
    gpg.generate(name, algorithm);
    const signer = await Signer.read(name, gpg.exportPrivate(name));
    const { status, stderr } = gpg.run(['--decrypt'], await signDocument(payload, [signer]));
    assert.equal(status, 0, stderr);
  }
});

test('a release with one Ed25519 signature is under 1,200 bytes', async () => {
  const key = await testKey('Small');
  const longest = { ...RELEASE, image: 'a'.repeat(64), version: 999_999_999, severity: 'critical' } as const;
  const document = await signDocument(formatRelease(longest), [key.signer], at(1));
  assert.ok(document.length < 1200, `${document.length} bytes`);
});

test('the same content, key and time make the same document', async () => {
  const key = await testKey('Same');
  assert.deepEqual(await signDocument(payload, [key.signer], at(1)), await signDocument(payload, [key.signer], at(1)));
});
