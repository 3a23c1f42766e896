/** Damaged bytes and dead clocks: what must not change a verdict, and what must never get through. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { readKey, readMessage, verify } from 'openpgp';
import { RippleError } from '../../service/api/errors.ts';
import { formatLatest, formatRelease } from '../../service/image/documents.ts';
import { readSignedMessage } from '../../service/sign/packets.ts';
import { Verifier } from '../../service/sign/verifier.ts';
import { Gpg } from '../helpers/gpg.ts';
import { seeded } from '../helpers/random.ts';
import { refusedFor, refusedWith } from '../helpers/refused.ts';
import {
  DAY,
  keyringPayload,
  LATEST,
  NEW_YEAR,
  RELEASE,
  sign,
  signedLatest,
  signedRelease,
  testKey,
} from '../helpers/trust.ts';

const unseen = { image: 'xo', highestEpochSeen: 0 };
const root = await testKey('root');
const keyring = await sign(keyringPayload(1, { root: { keys: [root.publicKey] } }), [root], 0);
const verifier = await Verifier.fromInstalled(keyring, NEW_YEAR);
const gpg = new Gpg();
after(() => gpg.remove());
const rejections: unknown[] = [];
process.on('unhandledRejection', (reason) => rejections.push(reason));

test('no changed bit of a document gets through', async () => {
  const bytes = await signedLatest([root], 1);
  const expected = await verifier.latest(bytes, unseen);
  const same: number[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << bit), at);
      try {
        const verified = await verifier.latest(changed, unseen);
        assert.deepEqual(verified.document, expected.document, `bit ${bit} of byte ${at} changed what is believed`);
        assert.deepEqual(verified.signers, expected.signers);
        if (same.at(-1) !== at) same.push(at);
      } catch (error) {
        assert.ok(error instanceof RippleError, `bit ${bit} of byte ${at}: ${error}`);
      }
    }
  }
  // OpenPGP signs the content, not the date field in front of it, which nothing here reads. All else is refused.
  const dateField = 15 + 4;
  assert.deepEqual(same, [dateField, dateField + 1, dateField + 2, dateField + 3]);
});

test('no cut and no added byte gets through', async () => {
  const bytes = await signedLatest([root], 1);
  for (let length = 0; length < bytes.length; length += 1)
    await assert.rejects(verifier.latest(bytes.subarray(0, length), unseen), RippleError);
  for (const more of [[0], [0xff], [0xc0, 0], bytes])
    await refusedFor('malformed', verifier.latest(Buffer.concat([bytes, Buffer.from(more)]), unseen));
  const userId = [0xcd, 1, 0x41];
  await refusedFor('malformed', verifier.latest(Buffer.concat([Buffer.from(userId), bytes]), unseen));
  // A one-pass packet whose signature was cut off.
  const second = await testKey('second');
  const both = await signedLatest([root, second], 1);
  const { signatures } = readSignedMessage(both, both.length);
  const last = signatures[1]?.body.length ?? 0;
  await refusedFor('malformed', verifier.latest(both.subarray(0, both.length - last - 2), unseen));
});

test('changed content under an untouched signature is told as tampered', async () => {
  const bytes = Buffer.from(await signedRelease([root], 1));
  bytes.write('"version":8', bytes.indexOf('"version":7'));
  await refusedFor('tampered', verifier.release(bytes, { image: 'xo' }));
});

test('the signature of one document over another', async () => {
  const seven = Buffer.from(await signedRelease([root], 1, { version: 7 }));
  const eight = Buffer.from(await signedRelease([root], 1, { version: 8 }));
  const end = (bytes: Buffer): number => bytes.indexOf('}\n') + 2;
  const spliced = Buffer.concat([eight.subarray(0, end(eight)), seven.subarray(end(seven))]);
  await refusedFor('tampered', verifier.release(spliced, { image: 'xo' }));
});

test('bytes that are no signed message', async () => {
  const payload = formatLatest(LATEST);
  const literal = Buffer.concat([Buffer.from([0xcb, payload.length + 6]), Buffer.from('b\0\0\0\0\0'), payload]);
  for (const bytes of [Buffer.alloc(0), Buffer.from('hello'), Buffer.from(payload)])
    await refusedFor('malformed', verifier.latest(bytes, unseen));
  await refusedFor('threshold', verifier.latest(literal, unseen));
  await refusedFor('malformed', verifier.latest(Buffer.concat([literal, literal]), unseen));
  await refusedFor('malformed', verifier.latest(Buffer.alloc(64 * 1024 + 1), unseen));
  const armored = gpg.must(['--enarmor'], await signedLatest([root], 1));
  await refusedFor('malformed', verifier.latest(armored, unseen));
});

test('a compressed bomb, and compression inside compression', async () => {
  const packet = (body: Uint8Array): Buffer => {
    const data = deflateRawSync(body);
    const header = Buffer.alloc(6);
    header[0] = 0xc8;
    header[1] = 0xff;
    header.writeUInt32BE(data.length + 1, 2);
    return Buffer.concat([header, Buffer.from([1]), data]);
  };
  // Well formed and well signed: only its size is wrong.
  const padded = await sign(Buffer.concat([formatLatest(LATEST), Buffer.alloc(64 * 1024, 0x20)]), [root], 1);
  await refusedFor('malformed', verifier.latest(padded, unseen));
  await refusedFor('malformed', verifier.latest(packet(padded), unseen));
  await refusedFor('malformed', verifier.latest(packet(Buffer.alloc(60_000_000)), unseen));
  const bytes = await signedLatest([root], 1);
  await verifier.latest(packet(bytes), unseen);
  await refusedFor('malformed', verifier.latest(packet(packet(bytes)), unseen));
});

test('more signatures than anybody needs', async () => {
  const bytes = await signedLatest(Array(40).fill(root), 1);
  await refusedFor('malformed', verifier.latest(bytes, unseen));
});

test('no random change of a message, ours or by gpg, throws anything but a RippleError', async () => {
  const seed = 7;
  const random = seeded(seed);
  const name = 'fuzz';
  gpg.generate(name, 'ed25519');
  const fromGpg = gpg.must(['-u', name, '--sign'], formatRelease(RELEASE));
  const theirs = await sign(keyringPayload(1, { root: { keys: [root.publicKey, gpg.exportPublic(name)] } }), [root], 0);
  const judge = await Verifier.fromInstalled(theirs, NEW_YEAR);
  await judge.release(fromGpg, { image: 'xo' });
  for (const original of [await signedRelease([root, root], 1), fromGpg, theirs]) {
    for (let round = 0; round < 1500; round += 1) {
      const bytes = Buffer.from(original);
      for (let n = random.integer(3); n >= 0; n -= 1) bytes[random.integer(bytes.length)] = random.integer(256);
      const cut = random.integer(4) === 0 ? bytes.subarray(0, random.integer(bytes.length)) : bytes;
      try {
        if (original === theirs) await Verifier.fromInstalled(cut, 0);
        else assert.deepEqual((await judge.release(cut, { image: 'xo' })).document, RELEASE);
      } catch (error) {
        assert.ok(error instanceof RippleError, `seed ${seed} round ${round}: ${error}`);
      }
    }
  }
  assert.deepEqual(rejections, []);
});

/** What a program sees that asks for the time, while `act` runs. */
async function withClock(now: () => number, act: () => Promise<void>): Promise<void> {
  const real = globalThis.Date;
  globalThis.Date = new Proxy(real, {
    construct: (target, args) => Reflect.construct(target, args.length === 0 ? [now()] : args),
    apply: () => String(new real(now())),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
  try {
    await act();
  } finally {
    globalThis.Date = real;
  }
}

const DEAD = (): number => 0;
const AHEAD = (): number => 4_070_908_800_000;
let looks = 0;
const JUMPING = (): number => {
  looks += 1;
  return looks % 2 === 0 ? DEAD() : AHEAD();
};
const CLOCKS: readonly (readonly [string, () => number])[] = [
  ['that stands in 1970', DEAD],
  ['that is decades ahead', AHEAD],
  ['that jumps', JUMPING],
];

test('control: these clocks reach the library, which by itself goes by them', async () => {
  const message = await readMessage({ binaryMessage: await signedLatest([root], 1) });
  const verificationKeys = await readKey({ armoredKey: root.publicKey });
  await withClock(DEAD, async () => {
    const { signatures } = await verify({ message, verificationKeys });
    await assert.rejects(signatures[0]?.verified ?? Promise.resolve(), /in the future/);
  });
});

for (const [name, now] of CLOCKS) {
  test(`a clock ${name} changes no verdict`, async () => {
    const mortal = await testKey('mortal', { expiresInDays: 100 });
    const roles = { root: { keys: [root.publicKey] }, release: { keys: [mortal.publicKey] } };
    const first = await sign(keyringPayload(1, roles), [root], 0);
    const second = await sign(keyringPayload(2, roles), [root], 1);
    const release = await signedRelease([mortal], 10);
    const [fresh, stale, late] = await Promise.all([
      signedLatest([root], 12, { epoch: 12 }),
      signedLatest([root], 11, { epoch: 11 }),
      signedLatest([root], 200, { epoch: 13 }),
    ]);
    const byGpg = gpg.generate(`clock ${name}`, 'ed25519');
    const gpgKey = gpg.exportPublic(byGpg);
    const gpgDocument = gpg.must(['-u', byGpg, '--sign'], formatRelease(RELEASE));
    const third = await sign(keyringPayload(3, { ...roles, release: { keys: [mortal.publicKey, gpgKey] } }), [root], 2);
    await withClock(now, async () => {
      const laptop = await Verifier.fromInstalled(first, NEW_YEAR - DAY);
      await laptop.advance(second);
      await laptop.release(release, { image: 'xo' });
      const { document } = await laptop.latest(fresh, unseen);
      await refusedFor('stale-epoch', laptop.latest(stale, { image: 'xo', highestEpochSeen: document.epoch }));
      await laptop.advance(third);
      await laptop.latest(late, unseen);
      await refusedFor('expired', laptop.release(release, { image: 'xo' }));
      await laptop.release(gpgDocument, { image: 'xo' });
      await refusedWith('Downgrade', laptop.release(gpgDocument, { image: 'xo', minVersionExclusive: 7 }));
    });
  });
}
