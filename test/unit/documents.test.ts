import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RippleError } from '../../service/api/errors.ts';
import {
  formatKeyring,
  formatLatest,
  formatOrder,
  formatRelease,
  MAX_DOCUMENT_BYTES,
  type Order,
  parseKeyring,
  parseLatest,
  parseOrder,
  parseRelease,
} from '../../service/image/documents.ts';
import { seeded } from '../helpers/random.ts';
import { keyringPayload, LATEST, RELEASE } from '../helpers/trust.ts';

const ORDER: Order = {
  image: 'xo',
  version: 7,
  epoch: 2,
  when: 'next-boot',
  deadline: '2024-06-01T08:00:00+02:00',
  canaries: 2,
  haltAfter: 3,
  allowDowngrade: false,
  classes: ['4b'],
};
const KEYRING = parseKeyring(keyringPayload(3, { root: { threshold: 2, keys: ['a', 'b'] }, order: { keys: ['c'] } }));

const KINDS = [
  { name: 'release', parse: parseRelease, bytes: formatRelease(RELEASE), value: RELEASE },
  { name: 'latest', parse: parseLatest, bytes: formatLatest(LATEST), value: LATEST },
  { name: 'order', parse: parseOrder, bytes: formatOrder(ORDER), value: ORDER },
  { name: 'keyring', parse: parseKeyring, bytes: formatKeyring(KEYRING), value: KEYRING },
] as const;

type Json = { [name: string]: unknown };
const json = (bytes: Uint8Array): Json => JSON.parse(new TextDecoder().decode(bytes));
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const refused = (parse: (bytes: Uint8Array) => unknown, bytes: Uint8Array, message: RegExp): void =>
  assert.throws(
    () => parse(bytes),
    (error) => error instanceof RippleError && error.code === 'InvalidArgument' && message.test(error.message),
  );

test('a release is written as the specification says, on one line', () => {
  assert.equal(
    new TextDecoder().decode(formatRelease(RELEASE)),
    `{"type":"ripple.release/1","image":"xo","version":7,"manifest":{"sha256":"${'ab'.repeat(32)}","size":123456},` +
      `"size":987654321,"severity":"normal","released":"2024-01-02T03:04:05Z","notes":{"sha256":"${'cd'.repeat(32)}","size":789}}\n`,
  );
  assert.equal(
    new TextDecoder().decode(formatLatest(LATEST)),
    '{"type":"ripple.latest/1","image":"xo","version":7,"epoch":5,"issued":"2024-01-02T03:04:05Z"}\n',
  );
});

for (const { name, parse, bytes, value } of KINDS) {
  test(`${name}: what is written is read back`, () => {
    assert.deepEqual(parse(bytes), value);
  });

  test(`${name}: members nobody knows are ignored, also odd ones`, () => {
    const text = new TextDecoder()
      .decode(bytes)
      .replace('{', '{"future":[{"x":1}],"__proto__":{"version":9},"constructor":1,');
    assert.deepEqual(parse(new TextEncoder().encode(text)), value);
  });

  test(`${name}: each missing or mistyped member is named`, () => {
    for (const member of Object.keys(json(bytes))) {
      const { [member]: _, ...rest } = json(bytes);
      refused(parse, bytesOf(rest), new RegExp(`^${name}: "${member}" is missing$`));
      // No member may be any of these.
      for (const wrong of [null, -1, 1.5, [[]], '\u0000'])
        refused(parse, bytesOf({ ...rest, [member]: wrong }), new RegExp(`^${name}: "${member}`));
    }
  });

  test(`${name}: another type of document is refused`, () => {
    for (const other of KINDS)
      if (other.name !== name) refused(parse, other.bytes, new RegExp(`^${name}: "type" must be`));
    refused(parse, bytesOf({ ...json(bytes), type: `ripple.${name}/2` }), /"type" must be/);
  });

  test(`${name}: bytes that are no small JSON object are refused`, () => {
    for (const text of ['', ' ', '[]', 'null', '7', '"x"', '{', '{"a":1}{', '\ufeff{}', "{'a':1}"])
      refused(parse, new TextEncoder().encode(text), new RegExp(`^${name}: `));
    refused(parse, Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), /is not UTF-8/);
    refused(parse, Buffer.alloc(1024 * 1024, 0x20), /at most \d+ are allowed/);
    refused(parse, Buffer.from(`${'{"a":'.repeat(9000)}1`), /nested more than \d deep/);
    refused(parse, Buffer.from('['.repeat(60_000)), /nested more than \d deep/);
  });

  test(`${name}: no random change makes it throw anything but InvalidArgument`, () => {
    const seed = 20_070_601;
    const random = seeded(seed);
    for (let round = 0; round < 3000; round += 1) {
      const changed = Buffer.from(bytes);
      for (let n = random.integer(4); n >= 0; n -= 1) changed[random.integer(changed.length)] = random.integer(256);
      const cut = random.integer(3) === 0 ? changed.subarray(0, random.integer(changed.length)) : changed;
      try {
        parse(cut);
      } catch (error) {
        const fine = error instanceof RippleError && error.code === 'InvalidArgument' && !/\n/.test(error.message);
        assert.ok(fine, `seed ${seed} round ${round}: ${error}`);
      }
    }
  });
}

test('numbers, names, hashes and times out of range are refused by member', () => {
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['version', 0, /"version" must be from 1 to 999999999, is 0/],
    ['version', 1e9, /"version" must be from 1/],
    ['version', '7', /"version" must be a whole number/],
    ['size', 2 ** 53, /"size" must be a whole number/],
    ['image', 'XO', /"image" must be lower-case/],
    ['image', '../xo', /"image" must be/],
    ['image', '', /"image" must be/],
    ['image', 'x'.repeat(65), /"image" is longer/],
    ['image', 'config', /"image" must not be "config"/],
    ['severity', 'urgent', /"severity" must be "normal" or "critical"/],
    ['released', 'yesterday', /"released" must be an RFC 3339/],
    ['released', '2024-13-01T00:00:00Z', /"released" is no date/],
    ['manifest', { sha256: 'AB'.repeat(32), size: 1 }, /"manifest.sha256" must be 64 lower-case/],
    ['manifest', { sha256: 'ab'.repeat(32), size: -1 }, /"manifest.size" must be from 0/],
    ['notes', { size: 1 }, /"notes.sha256" is missing/],
    ['notes', 'cd', /"notes" must be an object/],
  ];
  for (const [member, value, message] of cases)
    refused(parseRelease, bytesOf({ ...json(formatRelease(RELEASE)), [member]: value }), message);
  refused(parseLatest, bytesOf({ ...json(formatLatest(LATEST)), epoch: 0 }), /"epoch" must be from 1/);
  refused(parseOrder, bytesOf({ ...json(formatOrder(ORDER)), when: 'soon' }), /"when" must be/);
  refused(parseOrder, bytesOf({ ...json(formatOrder(ORDER)), classes: Array(257).fill('x') }), /at most 256/);
  refused(parseOrder, bytesOf({ ...json(formatOrder(ORDER)), classes: [1] }), /"classes\[0\]" must be a string/);
});

test('a keyring role needs keys, and no more signatures than keys', () => {
  const roles = json(bytesOf(json(formatKeyring(KEYRING)).roles));
  const withRoot = (root: unknown): Uint8Array =>
    bytesOf({ ...json(formatKeyring(KEYRING)), roles: { ...roles, root } });
  refused(
    parseKeyring,
    withRoot({ threshold: 3, keys: ['a', 'b'] }),
    /"roles.root.threshold" must be from 1 to 2, is 3/,
  );
  refused(parseKeyring, withRoot({ threshold: 0, keys: ['a'] }), /"roles.root.threshold" must be from 1/);
  refused(parseKeyring, withRoot({ threshold: 1, keys: [] }), /"roles.root.keys" is empty/);
  refused(parseKeyring, withRoot({ threshold: 1, keys: Array(17).fill('a') }), /at most 16/);
  refused(parseKeyring, withRoot(undefined), /"roles.root" is missing/);
});

test('what the parser would refuse is never written', () => {
  assert.throws(() => formatRelease({ ...RELEASE, version: 0 }), /release: "version"/);
  assert.ok(formatRelease(RELEASE).length < MAX_DOCUMENT_BYTES);
});
