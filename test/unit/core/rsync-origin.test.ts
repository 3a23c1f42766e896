import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRsyncOrigin } from '../../../service/core/rsync-origin.ts';

test('what may not be in a URL cannot become an option, a user or another path', () => {
  for (const good of [
    'rsync://school',
    'rsync://school.local:8730/trees/',
    'rsync://[fd00::1]:873',
    'rsync://10.0.0.1/a/b',
  ])
    assert.ok(parseRsyncOrigin(good), good);
  assert.deepEqual(parseRsyncOrigin('rsync://school/a/b/'), {
    url: 'rsync://school/a/b',
    host: 'school',
    port: 873,
    path: 'a/b',
  });
  const bad = [
    'rsync://',
    'rsync://-e',
    'rsync://user@school',
    'rsync://school/../x',
    'rsync://school/-x',
    'rsync://school:0',
    'rsync://school:99999',
    'rsync://school/a b',
    'rsync://school/$(x)',
    'http://school',
    'school::xo',
    'rsync://school/a//b',
    'rsync://school/?x',
  ];
  for (const one of bad) assert.equal(parseRsyncOrigin(one), undefined, one);
});
