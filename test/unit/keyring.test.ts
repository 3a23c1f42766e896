import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RippleError } from '../../service/api/errors.ts';
import { firstKeyring, nextKeyring } from '../../service/publish/keyring-edit.ts';
import { KeyringFolder } from '../../service/publish/keyring-folder.ts';
import { TrustedKey } from '../../service/sign/trusted-key.ts';
import { Verifier } from '../../service/sign/verifier.ts';
import { refusedWith } from '../helpers/refused.ts';
import { tempFolder } from '../helpers/temp.ts';
import { at, signedRelease, testKey } from '../helpers/trust.ts';

const [a, b, c] = await Promise.all([testKey('a'), testKey('b'), testKey('c')]);
const [publicA, publicB, publicC] = await Promise.all([a, b, c].map((key) => TrustedKey.read('key', key.publicKey)));
assert.ok(publicA && publicB && publicC);

test('without keys of their own, the other roles are served by the root keys', () => {
  const { roles } = firstKeyring({ root: [publicA, publicB], release: [publicC] }, { root: 2 });
  assert.deepEqual(roles.latest.keys, [publicA.armored, publicB.armored]);
  assert.deepEqual([roles.root.threshold, roles.latest.threshold, roles.release.threshold], [2, 1, 1]);
  assert.deepEqual(roles.release.keys, [publicC.armored]);
});

test('a role that could never be filled is refused before anything is signed', async () => {
  const refused = (act: () => unknown, message: RegExp): void =>
    assert.throws(act, (error) => error instanceof RippleError && message.test(error.message));
  refused(
    () => firstKeyring({ root: [publicA] }, { release: 2 }),
    /role release: needs 2 signatures but would have 1 keys/,
  );
  refused(() => firstKeyring({ root: [publicA, publicA] }, {}), /same key is given twice/);
  const first = firstKeyring({ root: [publicA] }, {});
  const remove = { roles: ['root'], fingerprints: [a.fingerprint] } as const;
  await refusedWith('InvalidArgument', nextKeyring(first, { remove }), /role root: would have no key left/);
  const absent = { roles: ['root'], fingerprints: [b.fingerprint] } as const;
  await refusedWith('InvalidArgument', nextKeyring(first, { remove: absent }), /does not list key/);
  await refusedWith(
    'InvalidArgument',
    nextKeyring(first, { add: { roles: ['root'], keys: [publicA] } }),
    /nothing to change/,
  );
});

test('add, remove and update make the next keyring', async () => {
  const first = firstKeyring({ root: [publicA], release: [publicA, publicB] }, {});
  const added = await nextKeyring(first, {
    add: { roles: ['root', 'release'], keys: [publicC] },
    thresholds: { root: 2 },
  });
  assert.equal(added.version, 2);
  assert.deepEqual(added.roles.root, { threshold: 2, keys: [publicA.armored, publicC.armored] });
  assert.equal(added.roles.release.keys.length, 3);
  assert.deepEqual(added.roles.order, first.roles.order);
  const removed = await nextKeyring(first, { remove: { roles: ['release'], fingerprints: [a.fingerprint] } });
  assert.deepEqual(removed.roles.release.keys, [publicB.armored]);
  assert.deepEqual(removed.roles.root.keys, [publicA.armored]);

  const { enums, readPrivateKey, revokeKey } = await import('openpgp');
  const { generateSigningKey } = await import('../../service/sign/signer.ts');
  const made = await generateSigningKey({ name: 'd', date: at(0) });
  const key = await readPrivateKey({ armoredKey: made.privateKey });
  const flag = enums.reasonForRevocation.keyCompromised;
  const revoked = await TrustedKey.read(
    'd',
    (await revokeKey({ key, reasonForRevocation: { flag }, date: at(1) })).publicKey,
  );
  const listing = firstKeyring({ root: [publicA], release: [await TrustedKey.read('d', made.publicKey)] }, {});
  const updated = await nextKeyring(listing, { update: [revoked] });
  assert.deepEqual(updated.roles.release.keys, [revoked.armored]);
  await refusedWith('InvalidArgument', nextKeyring(first, { update: [revoked] }), /does not list key/);
});

test('a keyring is published once a laptop would accept it, and waits until then', async (t) => {
  const repository = tempFolder(t);
  const folder = new KeyringFolder(repository);
  const first = firstKeyring({ root: [publicA, publicB] }, { root: 2 });
  const waiting = await folder.propose(first, [a.signer], at(1));
  assert.equal(waiting.state, 'pending');
  assert.match(waiting.state === 'pending' ? waiting.missing : '', /1 of 2 needed signatures of the role root/);
  assert.equal(existsSync(folder.file(1)), false);
  assert.equal(await folder.newest(), undefined);
  await refusedWith('Busy', folder.propose(first, [a.signer, b.signer], at(1)), /waits for signatures/);

  assert.equal((await folder.sign([b.signer], at(2))).state, 'published');
  assert.deepEqual(readdirSync(join(repository, 'keyring')), ['1.pgp']);
  await refusedWith('InvalidArgument', folder.sign([b.signer]), /no keyring waits/);

  const second = await nextKeyring(first, {
    remove: { roles: ['root'], fingerprints: [b.fingerprint] },
    thresholds: { root: 1 },
  });
  assert.equal((await folder.propose(second, [a.signer], at(3))).state, 'pending');
  assert.equal((await folder.sign([c.signer], at(3))).state, 'pending');
  assert.equal((await folder.sign([b.signer], at(3))).state, 'published');
  assert.equal((await folder.mustNewest()).keyringVersion, 2);

  // A laptop with the first keyring walks the same chain.
  const laptop = await Verifier.fromInstalled(readFileSync(folder.file(1)), 0);
  await laptop.advance(readFileSync(folder.file(2)));
  await laptop.release(await signedRelease([a], 4), { image: 'xo' });
});

test('a keyring that is out never changes', async (t) => {
  const folder = new KeyringFolder(tempFolder(t));
  const first = firstKeyring({ root: [publicA] }, {});
  await folder.propose(first, [a.signer], at(1));
  const before = readFileSync(folder.file(1));
  await refusedWith('InvalidArgument', folder.propose(first, [a.signer], at(2)), /has keyring 1 already/);
  assert.deepEqual(readFileSync(folder.file(1)), before);
});

test('a repository without a keyring says how to make one', async (t) => {
  await refusedWith('InvalidArgument', new KeyringFolder(tempFolder(t)).mustNewest(), /ripple keyring init/);
});
