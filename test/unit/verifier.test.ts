import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addSignatures, openDocument, signDocument } from '../../service/sign/document.ts';
import { readSignedMessage } from '../../service/sign/packets.ts';
import { TrustedKey } from '../../service/sign/trusted-key.ts';
import { Verifier } from '../../service/sign/verifier.ts';
import { refusedFor } from '../helpers/refused.ts';
import {
  at,
  DAY,
  keyringPayload,
  NEW_YEAR,
  RELEASE,
  sign,
  signedLatest,
  signedRelease,
  testKey,
} from '../helpers/trust.ts';

const [root, release, latest, second] = await Promise.all(
  ['root', 'release', 'latest', 'second'].map((n) => testKey(n)),
);
assert.ok(root && release && latest && second);
const roles = {
  root: { keys: [root.publicKey] },
  release: { keys: [release.publicKey, second.publicKey], threshold: 2 },
  latest: { keys: [latest.publicKey] },
};
const keyring = await sign(keyringPayload(1, roles), [root], 0);
const fresh = (kept = 0): Promise<Verifier> => Verifier.fromInstalled(keyring, NEW_YEAR, kept);
const xo = { image: 'xo' };

test('a release with its threshold is accepted, with what it says, who signed and the bytes as they came', async () => {
  const bytes = await signedRelease([release, second], 3);
  const verified = await (await fresh()).release(bytes, { ...xo, version: 7, minVersionExclusive: 6 });
  assert.deepEqual(verified.document, RELEASE);
  assert.deepEqual(verified.signers, [release.fingerprint, second.fingerprint].sort());
  assert.equal(verified.bytes, bytes);
  assert.equal(verified.trustedTimeSeconds, NEW_YEAR + 3 * DAY);
});

test('two key holders sign one after another', async () => {
  const verifier = await fresh();
  const half = await signedRelease([release], 3);
  await refusedFor('threshold', verifier.release(half, xo));
  const whole = await addSignatures(half, [second.signer], 64 * 1024, at(4));
  assert.equal((await verifier.release(whole, xo)).signers.length, 2);
});

test('signing again replaces the earlier signature of the same key', async () => {
  const twice = await addSignatures(await signedRelease([release], 3), [release.signer], 64 * 1024, at(5));
  assert.equal(readSignedMessage(twice, twice.length).signatures.length, 1);
  const [facts] = (await openDocument(twice, [await TrustedKey.read('key', release.publicKey)], twice.length))
    .signatures;
  assert.equal(facts?.state === 'fits' && facts.createdSeconds, NEW_YEAR + 5 * DAY);
});

test('signatures by keys that nobody knows do no harm', async () => {
  const stranger = await testKey('stranger');
  const verified = await (await fresh()).release(await signedRelease([stranger, release, second], 3), xo);
  assert.equal(verified.signers.length, 2);
});

test('a key of two roles works in both', async () => {
  const both = {
    root: { keys: [root.publicKey] },
    release: { keys: [root.publicKey] },
    latest: { keys: [root.publicKey] },
  };
  const verifier = await Verifier.fromInstalled(await sign(keyringPayload(1, both), [root], 0), 0);
  await verifier.release(await signedRelease([root], 1), xo);
  await verifier.latest(await signedLatest([root], 1), { ...xo, highestEpochSeen: 0 });
});

test('the same latest may be heard again, a newer one too', async () => {
  const verifier = await fresh();
  const bytes = await signedLatest([latest], 2, { epoch: 5 });
  assert.equal((await verifier.latest(bytes, { ...xo, highestEpochSeen: 5 })).document.epoch, 5);
  assert.equal((await verifier.latest(bytes, { ...xo, highestEpochSeen: 4 })).document.version, 7);
});

test('trusted time starts at the newest of image date, keyring and what was kept, and only verified documents move it', async () => {
  assert.equal((await Verifier.fromInstalled(keyring, 0)).trustedTimeSeconds, NEW_YEAR);
  assert.equal((await Verifier.fromInstalled(keyring, NEW_YEAR + DAY)).trustedTimeSeconds, NEW_YEAR + DAY);
  const verifier = await fresh(NEW_YEAR + 2 * DAY);
  assert.equal(verifier.trustedTimeSeconds, NEW_YEAR + 2 * DAY);
  const stranger = await testKey('stranger');
  await assert.rejects(verifier.latest(await signedLatest([stranger], 900), { ...xo, highestEpochSeen: 0 }));
  await assert.rejects(
    verifier.latest(await signedLatest([latest], 900, { epoch: 1 }), { ...xo, highestEpochSeen: 2 }),
  );
  await assert.rejects(
    verifier.latest(await signedLatest([latest], 900, { image: 'xp' }), { ...xo, highestEpochSeen: 0 }),
  );
  assert.equal(verifier.trustedTimeSeconds, NEW_YEAR + 2 * DAY);
  await verifier.latest(await signedLatest([latest], 9), { ...xo, highestEpochSeen: 0 });
  assert.equal(verifier.trustedTimeSeconds, NEW_YEAR + 9 * DAY);
  await verifier.latest(await signedLatest([latest], 4), { ...xo, highestEpochSeen: 0 });
  assert.equal(verifier.trustedTimeSeconds, NEW_YEAR + 9 * DAY);
});

test('the chain of keyrings carries to new root keys, and says which roles changed', async () => {
  const verifier = await fresh();
  const next = await testKey('next root');
  const bytes = await sign(keyringPayload(2, { ...roles, root: { keys: [next.publicKey] } }), [root, next], 10);
  const advanced = await verifier.advance(bytes);
  assert.equal(verifier.keyringVersion, 2);
  assert.deepEqual(advanced.rolesChanged, ['root', 'order']);
  assert.deepEqual(advanced.signers, [root.fingerprint]);
  assert.equal(advanced.trustedTimeSeconds, NEW_YEAR + 10 * DAY);
  const third = await sign(keyringPayload(3, { ...roles, root: { keys: [next.publicKey] } }), [next], 11);
  assert.deepEqual((await verifier.advance(third)).rolesChanged, []);
  // What was kept is what the next start begins with.
  assert.equal((await Verifier.fromInstalled(third, 0)).keyringVersion, 3);
});

test('an order verifies in its role only', async () => {
  const { formatOrder } = await import('../../service/image/documents.ts');
  const order = {
    ...{ image: 'xo', version: 7, epoch: 1, when: 'now', deadline: '2024-06-01T08:00:00Z' },
    ...{ canaries: 0, haltAfter: 3, allowDowngrade: false, classes: ['4b'] },
  };
  const verifier = await fresh();
  const seen = { ...xo, highestEpochSeen: 0 };
  assert.deepEqual((await verifier.order(await sign(formatOrder(order), [root], 1), seen)).document, order);
  await refusedFor('wrong-role', verifier.order(await sign(formatOrder(order), [latest], 1), seen));
});

test('an installed keyring whose root key expired since still starts, but cannot be moved on by that key', async () => {
  const old = await testKey('old root', { expiresInDays: 30 });
  const next = await testKey('next root');
  const first = await sign(keyringPayload(1, { root: { keys: [old.publicKey] } }), [old], 1);
  const verifier = await Verifier.fromInstalled(first, NEW_YEAR + 400 * DAY);
  const bytes = await signDocument(
    keyringPayload(2, { root: { keys: [next.publicKey] } }),
    [old.signer, next.signer],
    at(2),
  );
  await refusedFor('expired', verifier.advance(bytes));
});

test('what was judged by a keyring that moved on meanwhile is not believed', async () => {
  const verifier = await fresh();
  const next = await sign(keyringPayload(2, { ...roles, release: { keys: [latest.publicKey] } }), [root], 1);
  const many = await signedRelease([...Array(25).fill(release), second], 1);
  const versionWhenBelieved = verifier.release(many, xo).then(() => verifier.keyringVersion);
  const [release1, ...advances] = await Promise.allSettled([
    versionWhenBelieved,
    verifier.advance(next),
    verifier.advance(next),
  ]);
  assert.deepEqual(advances.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.notDeepEqual(release1, { status: 'fulfilled', value: 2 });
});
