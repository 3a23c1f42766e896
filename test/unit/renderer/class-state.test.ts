import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agoOf, classState, orderWhen, standingOf } from '../../../renderer/teacher/class-state.ts';
import { adviceOf } from '../../../renderer/teacher/text.ts';
import { type ActivitySnapshot, CONNECTING } from '../../../service/api/activity.ts';
import type { LaptopInfo } from '../../../service/api/model.ts';
import { NEW_VERSION, STORY } from '../../../service/demo/scripted/child-story.ts';
import { pupil, pupils } from '../../../service/demo/scripted/class-story.ts';
import { FIRST_SNAPSHOT } from '../../../service/demo/scripted/scripted-updater.ts';

function heard(classroom: readonly LaptopInfo[], change: object = {}): ActivitySnapshot {
  const properties = { ...FIRST_SNAPSHOT, ...STORY.idle, versions: [NEW_VERSION], ...change };
  return { ...CONNECTING, daemon: 'present', properties, classroom };
}

test('stuck comes first, then who is on the way, who has it, who is away', () => {
  const { tiles, ready, count, counts } = classState(heard(pupils(60)), '');
  const order = tiles.map((tile) => tile.standing).filter((one, i, all) => one !== all[i - 1]);
  assert.deepEqual(order, ['stuck', 'getting', 'waiting', 'has', 'away']);
  assert.equal(count, 60);
  assert.equal(ready, tiles.filter((tile) => tile.laptop.version === 7).length);
  assert.equal(
    Object.values(counts).reduce((sum, one) => sum + one, 0),
    60,
  );
});

test('a search finds names without their accents and never changes the count', () => {
  const jose: LaptopInfo = { ...pupil(0), id: 'x', name: 'José' };
  const { tiles, count } = classState(heard([jose, pupil(1)]), ' jose');
  assert.deepEqual(
    tiles.map((tile) => tile.laptop.name),
    ['José'],
  );
  assert.equal(count, 2);
});

test('the version of the class is the ordered one; an order for nobody orders nothing', () => {
  const order = { version: 7, epoch: 1, when: 'now', deadline: 0, classes: ['*'], waits: '' } as const;
  const ahead: LaptopInfo = { ...pupil(0), version: 8 };
  assert.equal(classState(heard([ahead], { order }), '').target, 7);
  assert.equal(classState(heard([ahead], { order: { ...order, classes: [] } }), '').target, 8);
  assert.equal(standingOf(ahead, 7), 'has');
  assert.equal(standingOf({ ...ahead, version: 6 }, 7), 'older');
  assert.equal(standingOf({ ...ahead, version: 6, state: 'ready' }, 7), 'waiting');
});

test('how long ago is told in the largest unit', () => {
  assert.deepEqual(agoOf(1000, 1050), { unit: 'now' });
  assert.deepEqual(agoOf(0, 1050), { unit: 'now' });
  assert.deepEqual(agoOf(1000, 1000 + 300), { unit: 'minutes', count: 5 });
  assert.deepEqual(agoOf(1000, 1000 + 7200), { unit: 'hours', count: 2 });
  assert.deepEqual(agoOf(1000, 1000 + 2 * 86_400), { unit: 'days', count: 2 });
});

test('after school is today at three, or tomorrow when that is over', () => {
  const morning = new Date(2026, 2, 6, 9).getTime();
  assert.equal(orderWhen('afterSchool', '', morning), new Date(2026, 2, 6, 15).toISOString());
  const evening = new Date(2026, 2, 6, 16).getTime();
  assert.equal(orderWhen('afterSchool', '', evening), new Date(2026, 2, 7, 15).toISOString());
  assert.equal(orderWhen('now', '', evening), 'now');
  assert.equal(orderWhen('time', 'soon', evening), undefined);
});

test('every trouble has something that a teacher can do', () => {
  assert.equal(adviceOf('NoSpace', 'stuck'), 'room');
  assert.equal(adviceOf('', 'waiting'), 'restart');
  assert.equal(adviceOf('', 'has'), 'nothing');
  assert.equal(adviceOf('', 'stuck'), 'ask');
});
