/** Everything a thief of a lesser key, a lying neighbour or a damaged wire may try on a laptop's verifier. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { enums, readPrivateKey, revokeKey } from 'openpgp';
import { formatRelease } from '../../service/image/documents.ts';
import { generateSigningKey, Signer } from '../../service/sign/signer.ts';
import { Verifier } from '../../service/sign/verifier.ts';
import { Gpg } from '../helpers/gpg.ts';
import { refusedFor, refusedWith } from '../helpers/refused.ts';
import {
  at,
  DAY,
  keyringPayload,
  NEW_YEAR,
  RELEASE,
  type RoleKeys,
  sign,
  signedLatest,
  signedRelease,
  type TestKey,
  testKey,
} from '../helpers/trust.ts';

const xo = { image: 'xo' };
const unseen = { ...xo, highestEpochSeen: 0 };
const [root, release, latest] = await Promise.all([testKey('root'), testKey('release'), testKey('latest')]);
const gpg = new Gpg();
after(() => gpg.remove());

const ROLES = {
  root: { keys: [root.publicKey] },
  release: { keys: [release.publicKey] },
  latest: { keys: [latest.publicKey] },
};
async function verifierFor(roles: RoleKeys = {}): Promise<Verifier> {
  return Verifier.fromInstalled(await sign(keyringPayload(1, { ...ROLES, ...roles }), [root], 0), NEW_YEAR);
}
const withRelease = (...keys: string[]): Promise<Verifier> => verifierFor({ release: { keys } });

test('a key that is not in the keyring', async () => {
  const stranger = await testKey('stranger');
  await refusedFor('unknown-key', (await verifierFor()).release(await signedRelease([stranger], 1), xo));
});

test('a key of another role', async () => {
  const verifier = await verifierFor();
  await refusedFor('wrong-role', verifier.release(await signedRelease([latest], 1), xo));
  await refusedFor('wrong-role', verifier.latest(await signedLatest([release], 1), unseen));
  await refusedFor('wrong-role', verifier.release(await signedRelease([root], 1), xo));
});

test('one kind of document in place of another, signed by a key of both roles', async () => {
  const verifier = await withRelease(latest.publicKey);
  await refusedWith('InvalidArgument', verifier.release(await signedLatest([latest], 1), xo), /"type" must be/);
});

test('one signature where two are needed, also the same one twice, also by one key listed twice', async () => {
  const second = await testKey('second');
  const verifier = await verifierFor({ release: { threshold: 2, keys: [release.publicKey, second.publicKey] } });
  await refusedFor('threshold', verifier.release(await signedRelease([release], 1), xo));
  await refusedFor('threshold', verifier.release(await signedRelease([release, release], 1), xo));
  await refusedFor('threshold', verifier.release(await signedRelease([release, latest], 1), xo));
  const listedTwice = await verifierFor({ release: { threshold: 2, keys: [release.publicKey, release.publicKey] } });
  await refusedFor('threshold', listedTwice.release(await signedRelease([release, release], 1), xo));
});

test('two copies of one key that differ, the laxer of which could win', async () => {
  const other = await gpgCopyWithExpiry();
  const payload = keyringPayload(1, { ...ROLES, release: { keys: [other.lax] }, latest: { keys: [other.strict] } });
  await refusedFor('malformed', Verifier.fromInstalled(await sign(payload, [root], 0), 0));
});

test('a key that had expired when it signed', async () => {
  const key = await testKey('short', { expiresInDays: 10 });
  const verifier = await withRelease(key.publicKey);
  await verifier.release(await signedRelease([key], 9), xo);
  // Our signer refuses to sign so late; a thief's program does not.
  await refusedWith('InvalidArgument', signedRelease([key], 11), /cannot sign/);
  const { document, publicKey } = gpgSignsAfterExpiry();
  await refusedFor('expired', (await withRelease(publicKey)).release(document, xo));
});

test('a key that expired since, by the time that verified documents tell', async () => {
  const key = await testKey('short', { expiresInDays: 10 });
  const verifier = await withRelease(key.publicKey);
  const bytes = await signedRelease([key], 5);
  await verifier.release(bytes, xo);
  await verifier.latest(await signedLatest([latest], 11), unseen);
  await refusedFor('expired', verifier.release(bytes, xo));
});

test('a signing subkey that expired since, and a signature that was made to expire', async () => {
  const day = (n: number): readonly string[] => ['--faked-system-time', `202401${String(n).padStart(2, '0')}T000000!`];
  const fingerprint = gpg.generate('mortal subkey', 'ed25519', '0', day(1));
  gpg.must([...day(1), '--quick-add-key', fingerprint, 'ed25519', 'sign', '10d']);
  const bySubkey = gpg.must([...day(5), '-u', 'mortal subkey', '--sign'], formatRelease(RELEASE));
  gpg.generate('mortal signature', 'ed25519', '0', day(1));
  const forADay = [...day(5), '--default-sig-expire', '1d', '-u', 'mortal signature', '--sign'];
  const mortal = gpg.must(forADay, formatRelease(RELEASE));
  const verifier = await withRelease(gpg.exportPublic('mortal subkey'), gpg.exportPublic('mortal signature'));
  for (const bytes of [bySubkey, mortal]) await verifier.release(bytes, xo);
  await verifier.latest(await signedLatest([latest], 20), unseen);
  for (const bytes of [bySubkey, mortal]) await refusedFor('expired', verifier.release(bytes, xo));
});

for (const [kind, flag] of [
  ['compromised', enums.reasonForRevocation.keyCompromised],
  ['superseded', enums.reasonForRevocation.keySuperseded],
  ['without a reason', enums.reasonForRevocation.noReason],
] as const) {
  test(`a revoked key (${kind}), also for what it signed before`, async () => {
    const made = await generateSigningKey({ name: 'revoked', date: at(0) });
    const key: TestKey = { ...made, signer: await Signer.read('revoked', made.privateKey) };
    const privateKey = await readPrivateKey({ armoredKey: made.privateKey });
    const { publicKey } = await revokeKey({ key: privateKey, reasonForRevocation: { flag }, date: at(20) });
    for (const day of [1, 30])
      await refusedFor('revoked', (await withRelease(publicKey)).release(await signedRelease([key], day), xo));
  });
}

test('a revoked signing subkey', async () => {
  const fingerprint = gpg.generate('subkeyed', 'ed25519');
  gpg.must(['--quick-add-key', fingerprint, 'ed25519', 'sign', '0']);
  const document = gpg.must(['-u', 'subkeyed', '--sign'], formatRelease(RELEASE));
  await (await withRelease(gpg.exportPublic('subkeyed'))).release(document, xo);
  gpg.must(['--no-batch', '--command-fd', '0', '--edit-key', fingerprint], 'key 1\nrevkey\ny\n0\n\ny\nsave\n');
  await refusedFor('revoked', (await withRelease(gpg.exportPublic('subkeyed'))).release(document, xo));
});

test('weak hashes and small RSA keys', async () => {
  const payload = formatRelease(RELEASE);
  gpg.generate('rsa', 'rsa2048');
  const verifier = await withRelease(gpg.exportPublic('rsa'));
  for (const hash of ['SHA1', 'SHA224'])
    await refusedFor('weak', verifier.release(gpg.must(['--digest-algo', hash, '-u', 'rsa', '--sign'], payload), xo));
  gpg.generate('small', 'rsa1024');
  const keyring = await sign(
    keyringPayload(1, { ...ROLES, release: { keys: [gpg.exportPublic('small')] } }),
    [root],
    0,
  );
  await refusedWith('InvalidArgument', Verifier.fromInstalled(keyring, 0), /RSA of 2048 bits/);
});

test('a release for another image, another version, or not above the booted one', async () => {
  const verifier = await verifierFor();
  const bytes = await signedRelease([release], 1, { version: 7 });
  await refusedFor('wrong-image', verifier.release(bytes, { image: 'xp' }));
  await refusedFor('wrong-version', verifier.release(bytes, { ...xo, version: 8 }));
  for (const booted of [7, 8])
    await refusedWith('Downgrade', verifier.release(bytes, { ...xo, minVersionExclusive: booted }));
  await verifier.release(bytes, { ...xo, minVersionExclusive: 6 });
});

test('replay of an older latest, and a latest of another image', async () => {
  const verifier = await verifierFor();
  const old = await signedLatest([latest], 1, { epoch: 4, version: 6 });
  const { document } = await verifier.latest(await signedLatest([latest], 2, { epoch: 5 }), unseen);
  await refusedFor('stale-epoch', verifier.latest(old, { ...xo, highestEpochSeen: document.epoch }));
  await refusedFor('wrong-image', verifier.latest(old, { image: 'xp', highestEpochSeen: 0 }));
});

test('a keyring signed by the new root only, by the old root only, by others, or that skips a version', async () => {
  const verifier = await verifierFor();
  const next = await testKey('next root');
  const roles = { ...ROLES, root: { keys: [next.publicKey] } };
  const attempt = async (version: number, signers: readonly TestKey[]): Promise<unknown> =>
    verifier.advance(await sign(keyringPayload(version, roles), signers, 1));
  await refusedFor('keyring-chain', attempt(2, [next]));
  await refusedFor('keyring-chain', attempt(2, [root]));
  await refusedFor('keyring-chain', attempt(2, [release, next]));
  for (const version of [1, 3]) await refusedFor('keyring-chain', attempt(version, [root, next]));
  assert.equal(verifier.keyringVersion, 1);
  await attempt(2, [root, next]);
  assert.equal(verifier.keyringVersion, 2);
  // The chain goes one way: the first keyring, and what the old root signs from now on, are nothing any more.
  await refusedFor('keyring-chain', attempt(1, [root]));
  await refusedFor('keyring-chain', attempt(3, [root]));
});

test('a new root threshold that not enough of the new keys have signed', async () => {
  const verifier = await verifierFor();
  const [a, b] = await Promise.all([testKey('a'), testKey('b')]);
  const payload = keyringPayload(2, { ...ROLES, root: { threshold: 2, keys: [a.publicKey, b.publicKey] } });
  await refusedFor('keyring-chain', verifier.advance(await sign(payload, [root, a], 1)));
  await verifier.advance(await sign(payload, [root, a, b], 1));
});

test('an installed keyring that its own root did not sign', async () => {
  const payload = keyringPayload(1, ROLES);
  await refusedFor('wrong-role', Verifier.fromInstalled(await sign(payload, [release], 0), 0));
  await refusedFor('unknown-key', Verifier.fromInstalled(await sign(payload, [await testKey('stranger')], 0), 0));
});

test('a keyring with a private key in it, or with nonsense for a key', async () => {
  const secret = await generateSigningKey({ name: 'oops' });
  for (const [text, message] of [
    [secret.privateKey, /roles.release.keys\[0\].*private key/],
    ['nonsense', /roles.release.keys\[0\].*is not an OpenPGP key/],
    [secret.publicKey + (await generateSigningKey({ name: 'two' })).publicKey, /roles.release.keys\[0\].*several/],
  ] as const) {
    const payload = keyringPayload(1, { ...ROLES, release: { keys: [text] } });
    await refusedWith('InvalidArgument', Verifier.fromInstalled(await sign(payload, [root], 0), 0), message);
  }
});

test('a stolen key of a lesser role cannot expire the root keys, nor silence its successor', async () => {
  const mortal = await testKey('mortal root', { expiresInDays: 1000 });
  const payload = keyringPayload(1, { ...ROLES, root: { keys: [mortal.publicKey] } });
  const verifier = await Verifier.fromInstalled(await sign(payload, [mortal], 0), NEW_YEAR);
  // The thief signs with a date decades ahead and the highest epoch there is.
  await verifier.latest(await signedLatest([latest], 29_000, { epoch: Number.MAX_SAFE_INTEGER }), unseen);
  const successor = await testKey('successor', { expiresInDays: 1000 });
  const roles = { ...ROLES, root: { keys: [mortal.publicKey] }, latest: { keys: [successor.publicKey] } };
  const { rolesChanged, trustedTimeSeconds } = await verifier.advance(
    await sign(keyringPayload(2, roles), [mortal], 5),
  );
  assert.deepEqual(rolesChanged, ['latest']);
  assert.equal(trustedTimeSeconds, NEW_YEAR + 5 * DAY);
  // The caller forgets the epoch of a role whose keys changed.
  await verifier.latest(await signedLatest([successor], 6, { epoch: 6 }), unseen);
});

/** One key, twice: as it was made, and with an expiry put in later. */
async function gpgCopyWithExpiry(): Promise<{ lax: string; strict: string }> {
  const fingerprint = gpg.generate('copied', 'ed25519');
  const lax = gpg.exportPublic('copied');
  gpg.must(['--quick-set-expire', fingerprint, '1y']);
  return { lax, strict: gpg.exportPublic('copied') };
}

/** gpg refuses too, so the key is extended, signs, and the keyring lists the copy from before. */
function gpgSignsAfterExpiry(): { document: Buffer; publicKey: string } {
  const made = ['--faked-system-time', '20240101T000000!'];
  const later = ['--faked-system-time', '20240301T000000!'];
  const fingerprint = gpg.generate('late', 'ed25519', '10d', made);
  const publicKey = gpg.exportPublic('late');
  gpg.must([...later, '--quick-set-expire', fingerprint, '0']);
  const document = gpg.must([...later, '-u', 'late', '--sign'], formatRelease(RELEASE));
  return { document, publicKey };
}
