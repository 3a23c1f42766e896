import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import { isOnLink, linksOf } from '../../../service/discover/network.ts';

function ipv4(address: string, cidr: string, internal = false): NetworkInterfaceInfo {
  return { family: 'IPv4', address, cidr, netmask: '', mac: '02:00:00:00:00:01', internal };
}
function ipv6(scopeid: number): NetworkInterfaceInfo {
  return { family: 'IPv6', address: 'fe80::1', cidr: 'fe80::1/64', netmask: '', mac: '', internal: false, scopeid };
}
const interfaces = {
  lo: [ipv4('127.0.0.1', '127.0.0.1/8', true)],
  eth0: [ipv4('10.0.0.7', '10.0.0.7/24'), ipv4('10.0.1.7', '10.0.1.7/24'), ipv6(2)],
  wlan0: [ipv4('192.168.7.2', '192.168.7.2/16')],
  tun0: [ipv6(9)],
};

test('every interface with an IPv4 address is used, not the internal ones', () => {
  assert.deepEqual(
    linksOf(interfaces, undefined).map(({ name, addresses }) => [name, addresses]),
    [
      ['eth0', ['10.0.0.7', '10.0.1.7']],
      ['wlan0', ['192.168.7.2']],
    ],
  );
});

test('only the addresses asked for are used, an internal one too', () => {
  assert.deepEqual(
    linksOf(interfaces, ['127.0.0.1', '10.0.1.7', '10.9.9.9']).map(({ name, addresses }) => [name, addresses]),
    [
      ['lo', ['127.0.0.1']],
      ['eth0', ['10.0.1.7']],
    ],
  );
});

test('an adapter that was unplugged and put back, or has another address, is another link', () => {
  const print = (infos: NetworkInterfaceInfo[]) => linksOf({ eth0: infos }, undefined)[0]?.fingerprint;
  const before = print([ipv4('10.0.0.7', '10.0.0.7/24'), ipv6(2)]);
  assert.equal(print([ipv4('10.0.0.7', '10.0.0.7/24'), ipv6(2)]), before);
  assert.notEqual(print([ipv4('10.0.0.7', '10.0.0.7/24'), ipv6(3)]), before);
  assert.notEqual(print([ipv4('10.0.0.8', '10.0.0.8/24'), ipv6(2)]), before);
});

test('a network that went away and came back may be another one', () => {
  const print = (changes: number) => linksOf(interfaces, ['10.0.0.7'], () => changes)[0]?.fingerprint;
  assert.equal(print(2), print(2));
  assert.notEqual(print(2), print(4));
});

test('an address is on the link when it lies in one of its subnets', () => {
  const subnets = ['10.0.0.7/24', '192.168.7.2/16'];
  for (const near of ['10.0.0.1', '10.0.0.255', '192.168.200.1']) assert.equal(isOnLink(near, subnets), true, near);
  for (const far of [
    '10.0.1.1',
    '8.8.8.8',
    '',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.01',
    '10.0.0.1.1',
    'fe80::1',
    '0x0a.0.0.1',
  ])
    assert.equal(isOnLink(far, subnets), false, far);
  assert.equal(isOnLink('10.0.0.256', ['10.0.1.0/24']), false);
  assert.equal(isOnLink('10.0.0.7', ['10.0.0.7/33']), false);
  assert.equal(isOnLink('10.0.0.7', ['10.0.0.7/32']), true);
  assert.equal(isOnLink('203.0.113.9', ['10.0.0.7/0']), true);
});
