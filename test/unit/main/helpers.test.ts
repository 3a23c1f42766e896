import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOBODY_YET, rememberHelpers } from '../../../main/helpers.ts';
import { NO_PROGRESS } from '../../../service/api/model.ts';
import { friend } from '../../../service/demo/scripted/child-story.ts';

const heard = (version: number, fromPeers: Readonly<Record<string, number>>, ...away: number[]) => ({
  progress: { ...NO_PROGRESS, version, fromPeers },
  peers: [0, 1, 2].filter((index) => !away.includes(index)).map((index) => friend(index)),
});
const names = (helped: typeof NOBODY_YET): readonly string[] => helped.helpers.map((helper) => helper.name);

test('who gave most is thanked first, and who gave nothing is not', () => {
  const helped = rememberHelpers(NOBODY_YET, heard(7, { 'peer-00': 10, 'peer-01': 20, 'peer-02': 0 }));
  assert.deepEqual(names(helped), ['Luis', 'Ana']);
});

test('a friend who leaves before the end keeps the thanks', () => {
  const before = rememberHelpers(NOBODY_YET, heard(7, { 'peer-00': 10 }));
  assert.deepEqual(names(rememberHelpers(before, heard(7, { 'peer-00': 10, 'peer-01': 5 }, 0))), ['Ana', 'Luis']);
});

test('nothing on its way changes nothing, and another version starts over', () => {
  const before = rememberHelpers(NOBODY_YET, heard(7, { 'peer-00': 10 }));
  assert.equal(rememberHelpers(before, heard(0, {})), before);
  assert.deepEqual(names(rememberHelpers(before, heard(8, { 'peer-01': 5 }))), ['Luis']);
});
