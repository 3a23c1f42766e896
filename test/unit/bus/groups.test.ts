import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupId } from '../../../service/bus/groups.ts';

const FILE = 'root:x:0:\nripple:x:120:ana,ben\nripple-x:x:121:\n\nbroken\nodd:x:-1:\nodder:x:abc:\n';

test('a group is found by its whole name only, and a line that makes no sense names none', () => {
  assert.equal(groupId('ripple', FILE), 120);
  assert.equal(groupId('rippl', FILE), undefined);
  assert.equal(groupId('broken', FILE), undefined);
  assert.equal(groupId('odd', FILE), undefined);
  assert.equal(groupId('odder', FILE), undefined);
  assert.equal(groupId('', FILE), undefined);
});
