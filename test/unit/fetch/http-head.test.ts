import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SourceError, type SourceFault } from '../../../service/core/source-error.ts';
import { checkHead, checkRange, type ResponseHead } from '../../../service/fetch/http-head.ts';

function fault(work: () => unknown): SourceFault | 'none' {
  try {
    work();
    return 'none';
  } catch (error) {
    assert.ok(error instanceof SourceError);
    return error.reason;
  }
}
const head = (statusCode: number, headers: ResponseHead['headers'] = {}): ResponseHead => ({ statusCode, headers });

test('each status has its meaning', () => {
  const expected: Record<number, SourceFault | 'none'> = {
    200: 'none',
    206: 'none',
    404: 'missing',
    410: 'missing',
    503: 'busy',
    429: 'busy',
    301: 'unusable',
    302: 'unusable',
    307: 'unusable',
    204: 'unusable',
    401: 'unusable',
    500: 'unusable',
    0: 'unusable',
  };
  for (const [status, reason] of Object.entries(expected))
    assert.equal(
      fault(() => checkHead(head(Number(status)), 's')),
      reason,
      status,
    );
});

test('Retry-After is taken in seconds, bounded, and guessed when it is anything else', () => {
  const wait = (value?: string) => {
    try {
      checkHead(head(503, { 'retry-after': value }), 's');
    } catch (error) {
      if (error instanceof SourceError) return error.retryAfterMs;
    }
    return Number.NaN;
  };
  assert.equal(wait('2'), 2000);
  assert.equal(wait('0'), 0);
  assert.equal(wait('999999'), 600_000);
  for (const other of [undefined, '', '-1', '1e9', 'Fri, 31 Dec 1999 23:59:59 GMT']) assert.equal(wait(other), 5000);
});

test('a coding that was not asked for, and a web page, are refused before the body', () => {
  assert.equal(
    fault(() => checkHead(head(200, { 'content-encoding': 'gzip' }), 's')),
    'unusable',
  );
  assert.equal(
    fault(() => checkHead(head(200, { 'content-encoding': 'identity' }), 's')),
    'none',
  );
  assert.equal(
    fault(() => checkHead(head(200, { 'content-type': 'Text/HTML; charset=utf-8' }), 's')),
    'lied',
  );
  assert.equal(
    fault(() => checkHead(head(200, { 'content-type': 'application/octet-stream' }), 's')),
    'none',
  );
});

test('the length must be the one known, the range the one asked for', () => {
  assert.equal(checkRange(head(200, { 'content-length': '100' }), 's', 0, 100), 0);
  assert.equal(checkRange(head(200), 's', 0, 100), 0);
  assert.equal(
    checkRange(head(200, { 'content-length': '100' }), 's', 40, 100),
    40,
    'no ranges there: skip what is here',
  );
  assert.equal(checkRange(head(206, { 'content-range': 'bytes 40-99/100', 'content-length': '60' }), 's', 40, 100), 0);
  assert.equal(checkRange(head(206, { 'content-range': 'bytes 40-99/*' }), 's', 40, 100), 0);
  const lies: [ResponseHead, number][] = [
    [head(200, { 'content-length': '101' }), 0],
    [head(200, { 'content-length': '99' }), 0],
    [head(200, { 'content-length': 'x' }), 0],
    [head(206, { 'content-range': 'bytes 0-99/100' }), 0],
    [head(206, {}), 40],
    [head(206, { 'content-range': 'bytes 0-99/100' }), 40],
    [head(206, { 'content-range': 'bytes 40-98/100' }), 40],
    [head(206, { 'content-range': 'bytes 40-99/200' }), 40],
    [head(206, { 'content-range': 'bytes 40-99/100', 'content-length': '61' }), 40],
  ];
  for (const [response, offset] of lies)
    assert.equal(
      fault(() => checkRange(response, 's', offset, 100)),
      'lied',
      JSON.stringify(response),
    );
});
