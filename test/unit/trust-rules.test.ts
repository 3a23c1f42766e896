import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RippleError } from '../../service/api/errors.ts';
import { SignatureError, type SignatureReason } from '../../service/core/signature-error.ts';
import {
  mayMoveTo,
  requireFreshEpoch,
  requireImage,
  requireMove,
  requireNextKeyring,
  requireThreshold,
  requireVersion,
  type SignatureFacts,
} from '../../service/core/trust.ts';

const fits = (
  fingerprint: string,
  change: Partial<Extract<SignatureFacts, { state: 'fits' }>> = {},
): SignatureFacts => ({
  state: 'fits',
  fingerprint,
  createdSeconds: 100,
  expiresSeconds: Number.POSITIVE_INFINITY,
  revoked: false,
  ...change,
});
const rule = (threshold: number, ...fingerprints: string[]) => ({ threshold, fingerprints: new Set(fingerprints) });
const judge = (signatures: readonly SignatureFacts[], threshold: number, trusted = 0) =>
  requireThreshold('doc', signatures, 'release', rule(threshold, 'a', 'b', 'c'), trusted);
const refusedFor = (reason: SignatureReason, act: () => unknown): void =>
  assert.throws(act, (error) => {
    assert.ok(error instanceof SignatureError);
    assert.equal(error.reason, reason, error.message);
    assert.equal(error.code, 'SignatureInvalid');
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });

test('as many distinct keys of the role as the threshold are needed, and are enough', () => {
  assert.deepEqual(judge([fits('b'), fits('a')], 2).signers, ['a', 'b']);
  refusedFor('threshold', () => judge([fits('a')], 2));
});

test('a key that signs twice counts once', () => {
  refusedFor('threshold', () => judge([fits('a'), fits('a')], 2));
});

test('signatures that do not count do no harm beside enough that do', () => {
  const noise: SignatureFacts[] = [
    { state: 'unknown-key', keyId: '01' },
    { state: 'bad', fingerprint: 'b' },
    { state: 'weak', fingerprint: 'c', problem: 'weak hash' },
    fits('z'),
    fits('c', { revoked: true }),
  ];
  assert.deepEqual(judge([...noise, fits('a')], 1).signers, ['a']);
});

test('each way of not counting has its reason', () => {
  refusedFor('threshold', () => judge([], 1));
  refusedFor('unknown-key', () => judge([{ state: 'unknown-key', keyId: '01' }], 1));
  refusedFor('wrong-role', () => judge([fits('z')], 1));
  refusedFor('tampered', () => judge([{ state: 'bad', fingerprint: 'a' }], 1));
  refusedFor('weak', () => judge([{ state: 'weak', fingerprint: 'a', problem: 'weak hash' }], 1));
  refusedFor('revoked', () => judge([fits('a', { revoked: true })], 1));
  refusedFor('expired', () => judge([fits('a', { expiresSeconds: 100 })], 1));
  refusedFor('tampered', () =>
    judge(
      [
        { state: 'unknown-key', keyId: '01' },
        { state: 'bad', fingerprint: 'a' },
      ],
      1,
    ),
  );
});

test('a key that had not expired when it signed is refused once newer documents are known', () => {
  const signature = fits('a', { createdSeconds: 100, expiresSeconds: 200 });
  assert.deepEqual(judge([signature], 1, 199).signers, ['a']);
  refusedFor('expired', () => judge([signature], 1, 200));
});

test('one key holder of several cannot push trusted time ahead', () => {
  const far = fits('c', { createdSeconds: 4_000_000_000 });
  assert.equal(judge([fits('a', { createdSeconds: 100 }), far], 2).signedSeconds, 100);
  assert.equal(judge([fits('a'), fits('b', { createdSeconds: 150 }), far], 2).signedSeconds, 150);
  assert.equal(judge([fits('a', { createdSeconds: 7 })], 1).signedSeconds, 7);
});

test('a refusal tells how many signatures count and why others do not', () => {
  assert.throws(
    () => judge([fits('a'), fits('b', { expiresSeconds: 86_400 })], 2, 172_800),
    /^SignatureInvalidError: doc: 1 of 2 needed signatures of the role release; key b expired on 1970-01-02, newer documents are from 1970-01-03$/,
  );
});

test('keyrings follow one another without a gap', () => {
  requireNextKeyring(1, 2);
  for (const next of [0, 1, 2, 4]) refusedFor('keyring-chain', () => requireNextKeyring(2, next));
});

test('image, version and epoch are what was asked for', () => {
  requireImage('doc', 'xo', 'xo');
  refusedFor('wrong-image', () => requireImage('doc', 'xp', 'xo'));
  requireVersion('doc', 7, 7);
  refusedFor('wrong-version', () => requireVersion('doc', 6, 7));
  requireFreshEpoch('doc', 5, 5);
  requireFreshEpoch('doc', 6, 5);
  refusedFor('stale-epoch', () => requireFreshEpoch('doc', 4, 5));
});

test('only a local choice or an order that says so goes back', () => {
  const table = [6, 7, 8].map((version) => [
    mayMoveTo(version, 7, 'announced'),
    mayMoveTo(version, 7, 'order'),
    mayMoveTo(version, 7, 'order-allowing-downgrade'),
    mayMoveTo(version, 7, 'local'),
  ]);
  assert.deepEqual(table, [
    [false, false, true, true],
    [false, false, true, true],
    [true, true, true, true],
  ]);
  assert.throws(
    () => requireMove('release', 7, 7, 'announced'),
    (error) => error instanceof RippleError && error.code === 'Downgrade',
  );
});
