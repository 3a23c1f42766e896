import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanName, formatTxt, parseTxt, splitTxt } from '../../../service/discover/txt.ts';
import { txtRecord } from '../../helpers/neighbours.ts';
import { seeded } from '../../helpers/random.ts';

const FULL = txtRecord({
  version: 6,
  held: 7,
  role: 'school',
  latestEpoch: 41,
  orderEpoch: 3,
  wentBackFrom: 0,
  follows: true,
  state: 'fetching',
  progress: 55,
  name: 'Ada 🦜',
  colours: '#ff2b34,#005fe4',
});

function texts(strings: readonly Uint8Array[]): string[] {
  return strings.map((one) => Buffer.from(one).toString());
}

test('every key of the design is announced, and read again as it was', () => {
  assert.deepEqual(texts(formatTxt(FULL)), [
    'id=a1b2c3',
    'image=xo',
    'v=6',
    'h=7',
    'role=school',
    'e=41',
    'o=3',
    'st=fetching',
    'p=55',
    'n=Ada 🦜',
    'c=#ff2b34,#005fe4',
  ]);
  assert.deepEqual(parseTxt(formatTxt(FULL)), FULL);
});

test('what it is getting, that it went back, or does not follow an order, is told only when it is so', () => {
  const record = txtRecord({ wentBackFrom: 7, follows: false, getting: 8 });
  const told = texts(formatTxt(record));
  assert.ok(told.includes('b=7') && told.includes('f=0') && told.includes('g=8'));
  assert.deepEqual(parseTxt(told.map((text) => Buffer.from(text))), record);
  for (const wrong of ['b=-1', 'b=x', 'f=2', 'f=', 'g=', 'g=4294967296'])
    assert.equal(parseTxt([...formatTxt(txtRecord()), Buffer.from(wrong)]), undefined, wrong);
});

test('nickname and colours are left out when the owner does not tell them', () => {
  const strings = formatTxt(txtRecord());
  assert.equal(
    texts(strings).some((text) => /^[nc]=/.test(text)),
    false,
  );
  assert.deepEqual(parseTxt(strings), txtRecord());
});

test('a long nickname is cut between characters and no string is over 255 bytes', () => {
  const strings = formatTxt(txtRecord({ name: '🦜'.repeat(1000), image: 'x'.repeat(64), id: 'i'.repeat(48) }));
  assert.ok(strings.every((one) => one.length <= 255));
  assert.equal(parseTxt(strings)?.name, '🦜'.repeat(16));
});

test('a nickname loses what could break a line or turn the text around it', () => {
  assert.equal(cleanName('A\nd\u0000a\u202e!\u2028\u007f'), 'Ada!');
});

test('what cannot be announced is named', () => {
  assert.throws(() => formatTxt(txtRecord({ id: 'a b' })), { code: 'InvalidArgument', message: /id=/ });
  assert.throws(() => formatTxt(txtRecord({ image: '../etc' })), { code: 'InvalidArgument', message: /image=/ });
  assert.throws(() => formatTxt(txtRecord({ progress: 101 })), { code: 'InvalidArgument', message: /p=/ });
  assert.throws(() => formatTxt(txtRecord({ version: -1 })), { code: 'InvalidArgument', message: /v=/ });
  assert.throws(() => formatTxt(txtRecord({ latestEpoch: 1.5 })), { code: 'InvalidArgument', message: /e=/ });
  assert.throws(() => formatTxt(txtRecord({ colours: 'red' })), { code: 'InvalidArgument', message: /c=/ });
});

test('a record with a missing key or a wrong value is no record', () => {
  const good = texts(formatTxt(FULL));
  const parse = (strings: readonly string[]) => parseTxt(strings.map((text) => Buffer.from(text)));
  for (const required of ['id', 'image', 'v', 'h', 'role', 'e', 'o', 'st', 'p'])
    assert.equal(parse(good.filter((text) => !text.startsWith(`${required}=`))), undefined, `without ${required}`);
  const wrong = {
    id: ['', 'a b', 'x'.repeat(49), '../x', 'é'],
    image: ['', 'XO', 'a/b', '..', 'x'.repeat(65)],
    v: ['', '-1', '1.5', '0x10', '01', '4294967296', '1e3', ' 1', '٣', '9'.repeat(200)],
    h: ['', 'NaN', '4294967296'],
    role: ['', 'Laptop', 'root', '__proto__'],
    e: ['', '-1', '9007199254740993', '99999999999999999'],
    o: ['', 'Infinity'],
    st: ['', 'Idle', 'a'.repeat(25), 'idle\n'],
    p: ['', '101', '-0'],
    n: ['a\u0007', 'a\u202eb', 'a'.repeat(65)],
    c: ['#fff,#fff', '#ff2b34', 'url(http://x)', '#ff2b34,#005fe4;x'],
  };
  for (const [key, values] of Object.entries(wrong))
    for (const value of values)
      assert.equal(
        parse(good.map((text) => (text.startsWith(`${key}=`) ? `${key}=${value}` : text))),
        undefined,
        `${key}=${value}`,
      );
});

test('unknown keys are ignored, keys know no case, the first of two counts', () => {
  const strings = [...texts(formatTxt(FULL)), 'v=99', 'future=x', 'flag', '=odd', '__proto__=x', ''];
  assert.deepEqual(parseTxt(strings.map((text) => Buffer.from(text.replace(/^image=/, 'IMAGE=')))), FULL);
});

test('too many strings, too long ones and bytes that are not UTF-8 are no record', () => {
  const good = formatTxt(FULL);
  assert.equal(parseTxt([...good, ...Array.from({ length: 40 }, () => Buffer.from('x=1'))]), undefined);
  assert.equal(parseTxt([...good, Buffer.alloc(256, 0x61)]), undefined);
  assert.equal(parseTxt([...good, Buffer.from([0x6e, 0x3d, 0xff, 0xfe])]), undefined);
  assert.equal(parseTxt([]), undefined);
});

test('damaged records are either refused or wholly well formed, whatever the bytes', () => {
  const random = seeded(20_070_625);
  for (let round = 0; round < 20_000; round++) {
    const strings: Uint8Array[] = formatTxt(FULL).map((one) => Uint8Array.from(one));
    for (let damage = 0; damage <= random.integer(3); damage++) {
      const at = random.integer(strings.length);
      const one = strings[at] ?? new Uint8Array(0);
      const kind = random.integer(4);
      if (kind === 0) one[random.integer(one.length || 1)] = random.integer(256);
      else if (kind === 1) strings[at] = random.bytes(random.integer(300));
      else if (kind === 2) strings.splice(at, 1);
      else strings[at] = Buffer.concat([one, random.bytes(random.integer(5))]);
    }
    const record = parseTxt(strings);
    if (record) assert.deepEqual(parseTxt(formatTxt(record)), record, `round ${round}`);
  }
});

test('the bytes of a TXT record are split into its strings, or refused', () => {
  const bytes = (...parts: readonly string[]) =>
    Buffer.concat(parts.map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)])));
  assert.deepEqual(texts(splitTxt(bytes('id=a', '', 'v=6')) ?? []), ['id=a', '', 'v=6']);
  assert.deepEqual(splitTxt(Buffer.alloc(0)), []);
  assert.equal(splitTxt(Buffer.from([5, 0x61])), undefined);
  const many = splitTxt(Buffer.alloc(60_000));
  assert.ok(many && many.length < 100);
  assert.equal(parseTxt(many), undefined);
});
