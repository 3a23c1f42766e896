import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, type Conditions } from '../../../service/share/conditions.ts';

const TAG = '"abc"';
function get(conditions: Partial<Conditions>, size = 100) {
  return answer({ method: 'GET', ...conditions }, size, TAG);
}
const whole = { status: 200, start: 0, length: 100 };

test('single ranges, as RFC 9110 14.1.2 has them', () => {
  assert.deepEqual(get({ range: 'bytes=0-0' }), { status: 206, start: 0, length: 1 });
  assert.deepEqual(get({ range: 'bytes=10-19' }), { status: 206, start: 10, length: 10 });
  assert.deepEqual(get({ range: 'bytes=10-' }), { status: 206, start: 10, length: 90 });
  assert.deepEqual(get({ range: 'bytes=99-' }), { status: 206, start: 99, length: 1 });
  assert.deepEqual(get({ range: 'bytes=90-999' }), { status: 206, start: 90, length: 10 });
  assert.deepEqual(get({ range: 'bytes=-10' }), { status: 206, start: 90, length: 10 });
  assert.deepEqual(get({ range: 'bytes=-999' }), { status: 206, start: 0, length: 100 });
});

test('what lies behind the end cannot be satisfied', () => {
  for (const range of ['bytes=100-', 'bytes=100-200', 'bytes=999999999999999-', 'bytes=-0'])
    assert.deepEqual(get({ range }), { status: 416 }, range);
  for (const range of ['bytes=0-', 'bytes=0-0', 'bytes=-1'])
    assert.deepEqual(get({ range }, 0), { status: 416 }, `${range} of nothing`);
});

test('several parts, other units and nonsense are ignored', () => {
  const others = [
    'bytes=0-1,3-4',
    'bytes=5-2',
    'items=0-1',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes= 0-1',
    'bytes=0x1-2',
  ];
  for (const range of [...others, 'bytes=--1', `bytes=0-${'9'.repeat(40)}`, '', 'bytes=0-1 ']) {
    assert.deepEqual(get({ range }), whole, range);
  }
});

test('HEAD knows no ranges', () => {
  assert.deepEqual(answer({ method: 'HEAD', range: 'bytes=0-1' }, 100, TAG), whole);
});

test('If-Range gives the part only of the very same content', () => {
  const range = 'bytes=50-';
  assert.equal(get({ range, ifRange: TAG }).status, 206);
  assert.deepEqual(get({ range, ifRange: '"other"' }), whole);
  assert.deepEqual(get({ range, ifRange: `W/${TAG}` }), whole);
  assert.deepEqual(get({ range, ifRange: 'Sat, 29 Oct 2006 19:43:31 GMT' }), whole);
});

test('If-None-Match', () => {
  for (const ifNoneMatch of [TAG, `W/${TAG}`, '*', `"x", ${TAG}`])
    assert.deepEqual(get({ ifNoneMatch, range: 'bytes=0-1' }), { status: 304 }, ifNoneMatch);
  assert.deepEqual(get({ ifNoneMatch: '"x"' }), whole);
  assert.deepEqual(get({ ifNoneMatch: 'abc' }), whole);
});
