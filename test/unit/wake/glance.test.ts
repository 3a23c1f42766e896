import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { WAKE_MAX_BYTES } from '../../../service/core/wake-rules.ts';
import { glance } from '../../../service/wake/glance.ts';
import { isFromLink, wakeLinks } from '../../../service/wake/links.ts';
import { seeded } from '../../helpers/random.ts';
import { signedLatest, signedRelease, testKey } from '../../helpers/trust.ts';

test('only what looks like a release with one signature is worth a check', async () => {
  const key = await testKey('publisher');
  const release = await signedRelease([key], 2);
  assert.equal(glance(release)?.version, 7);
  assert.ok(release.length <= WAKE_MAX_BYTES);
  const wrong = {
    nothing: Buffer.alloc(0),
    text: Buffer.from('{"type":"ripple.release/1"}'),
    'another document': await signedLatest([key], 2),
    'cut off': release.subarray(0, -1),
    'too long': Buffer.concat([release, Buffer.alloc(WAKE_MAX_BYTES)]),
    compressed: gzipSync(release),
    'an old header': Buffer.concat([Buffer.from([0x90]), release.subarray(1)]),
    'no signature': release.subarray(2 + 13),
  };
  for (const [name, bytes] of Object.entries(wrong)) assert.equal(glance(bytes), undefined, name);
});

const info = (change: Partial<NetworkInterfaceInfo>): NetworkInterfaceInfo => {
  const common = { mac: '02:00:00:00:00:01', netmask: '', internal: false };
  const v4 = { ...common, family: 'IPv4' as const, address: '10.0.0.7', cidr: '10.0.0.7/24' };
  return change.family === 'IPv6'
    ? { ...common, family: 'IPv6', address: 'fe80::1', cidr: 'fe80::1/64', scopeid: 3, ...change }
    : { ...v4, ...change, family: 'IPv4' };
};

test('each interface is used by IPv4 and by IPv6, but not loopback unless it is asked for', () => {
  const lo = [info({ address: '127.0.0.1', cidr: '127.0.0.1/8', internal: true })];
  const all = {
    lo,
    eth0: [info({}), info({ family: 'IPv6' })],
    wlan0: [info({ family: 'IPv6', scopeid: 4 })],
    down: [],
  };
  const links = wakeLinks(all, []);
  assert.deepEqual(
    links.map((link) => [link.family, link.interface]),
    [
      ['IPv4', '10.0.0.7'],
      ['IPv6', '::%eth0'],
      ['IPv6', '::%wlan0'],
    ],
  );
  assert.deepEqual(
    wakeLinks(all, ['127.0.0.1']).map((link) => link.interface),
    ['127.0.0.1'],
  );
  const [ipv4, ipv6] = links;
  assert.ok(ipv4 && ipv6);
  assert.deepEqual(
    ['10.0.0.9', '10.0.1.9'].map((from) => isFromLink(ipv4, from)),
    [true, false],
  );
  assert.deepEqual(
    ['fe80::9%eth0', '2001:db8::1'].map((from) => isFromLink(ipv6, from)),
    [true, false],
  );
  // Put back it is another one, and its socket is made anew.
  const again = wakeLinks({ ...all, eth0: [info({}), info({ family: 'IPv6', scopeid: 9 })] }, []);
  assert.notEqual(again[0]?.key, ipv4.key);
});

test('ten thousand damaged releases are dropped or read, and nothing else happens', async () => {
  const release = await signedRelease([await testKey('publisher')], 2);
  const random = seeded(8);
  let read = 0;
  for (let i = 0; i < 10_000; i++) {
    const damaged = Buffer.from(release);
    for (let flips = 1 + random.integer(4); flips > 0; flips--)
      damaged.writeUInt8(random.integer(256), random.integer(damaged.length));
    if (glance(damaged.subarray(0, random.integer(2) === 0 ? damaged.length : random.integer(damaged.length))))
      read += 1;
  }
  // Most of it is the signature, and digits of hashes: what is read there is for the check to refuse.
  assert.ok(read > 0 && read < 10_000);
});
