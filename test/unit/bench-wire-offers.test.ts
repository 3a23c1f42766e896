import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choosePair, choosePattern, parseMadison, sameUpstream, upstreamOf } from '../bench/wire/apt-offers.ts';

const SUITES = ['oak', 'oak-updates', 'oak-security'];
const MADISON = `
   libpear | 1.6-2+oak6 | http://packages.test/security oak-security/main amd64 Packages
   libpear | 1.6-2+oak5 | http://packages.test/base oak/main amd64 Packages
   libpear | 1.6-2+oak5 | http://packages.test/base oak-updates/main amd64 Packages
   libpear | 1.6-2+oak6 | http://packages.test/base oak/main Sources
   libpear | 9.9-1 | http://else.test elm/main amd64 Packages
      pear | 1:2.0-1 | http://packages.test/base oak/main amd64 Packages
N: something that apt wants to say
`;

test('the two newest versions of the wanted suites make a pair, whatever else is configured', () => {
  const offers = parseMadison(MADISON, SUITES);
  assert.equal(offers.length, 4);
  assert.deepEqual(choosePair(['libpear'], offers), {
    older: [{ name: 'libpear', version: '1.6-2+oak5' }],
    newer: [{ name: 'libpear', version: '1.6-2+oak6' }],
  });
});

test('a pair that is gone is named, with the package that has no two versions', () => {
  const offers = parseMadison(MADISON, SUITES);
  assert.equal(choosePair(['libpear', 'pear'], offers), 'the suites offer one version of pear only (1:2.0-1)');
  assert.equal(choosePair(['plum'], offers), 'no suite offers plum');
});

test('suites of old releases have a slash in their name', () => {
  const line = 'pear | 2.0-1 | http://packages.test/security oak/updates/main amd64 Packages';
  assert.deepEqual(parseMadison(line, ['oak/updates']), [{ name: 'pear', version: '2.0-1', suite: 'oak/updates' }]);
});

test('of packages with their version in the name the two newest that are offered make a pair', () => {
  const offers = [
    { name: 'kernel-6-9', version: '6.9', suite: 'oak' },
    { name: 'kernel-6-10', version: '6.10', suite: 'oak' },
  ];
  assert.deepEqual(choosePattern(['kernel-6-8', 'kernel-6-9', 'kernel-6-10', 'kernel-6-11'], offers), {
    older: [{ name: 'kernel-6-9', version: '6.9' }],
    newer: [{ name: 'kernel-6-10', version: '6.10' }],
  });
  assert.equal(typeof choosePattern(['kernel-6-9'], offers), 'string');
});

test('a fix keeps the upstream version; a native package keeps all but its last number', () => {
  assert.equal(upstreamOf('2:1.0.3-4+deb12u1'), '1.0.3');
  assert.equal(upstreamOf('1.18.4+dfsg-1~deb12u3'), '1.18.4+dfsg');
  assert.equal(upstreamOf('2.6.1'), upstreamOf('2.6.2'));
  assert.notEqual(upstreamOf('2.6.1'), upstreamOf('2.7.1'));
  const of = (older: string, newer: string) =>
    sameUpstream({ older: [{ name: 'a', version: older }], newer: [{ name: 'a', version: newer }] });
  assert.ok(of('3.0.20-1~deb12u2', '3.0.20-1~deb12u3'));
  assert.ok(!of('3.0.20-1~deb12u2', '3.0.22-1~deb12u2'));
});
