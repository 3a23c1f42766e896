/** The main process without a window: how it follows a daemon and a bus that come and go. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unixAddress } from '../../dbus/address.ts';
import { Activity } from '../../main/activity.ts';
import type { ActivitySnapshot } from '../../service/api/activity.ts';
import { BIG_CLASS, STORY } from '../../service/demo/scripted/child-story.ts';
import { MAYA, Stage, until } from '../helpers/activity-stage.ts';
import { tempFolder } from '../helpers/temp.ts';
import { startUpdaterOnBus } from '../helpers/updater-on-bus.ts';

test('what it tells is what the daemon says, field for field, and plain JSON', async (t) => {
  const stage = await Stage.open(STORY['available-big-class']);
  t.after(() => stage.close());
  const { properties, daemon, owner } = stage.activity.snapshot;
  assert.equal(daemon, 'present');
  assert.deepEqual(owner, MAYA);
  const { daemonVersion: _, ...said } = stage.updater.snapshot();
  assert.deepEqual(properties, said);
  assert.equal(properties?.peers.length, BIG_CLASS.length);
  assert.deepEqual(JSON.parse(JSON.stringify(properties)), said);
});

test('a bus that is not there yet is found when it comes', async (t) => {
  const folder = tempFolder(t);
  const socket = join(folder, 'later');
  const activity = new Activity({ bus: unixAddress(socket), stateFile: join(folder, 'state.json'), owner: MAYA });
  t.after(() => activity.close());
  await activity.start();
  assert.equal(activity.snapshot.daemon, 'absent');
  const service = await startUpdaterOnBus();
  t.after(() => service.stop());
  symlinkSync(join(service.bus.folder, 'socket'), socket);
  await until(() => activity.snapshot.daemon === 'present', 'the daemon is found');
});

test('the last words of a daemon that goes to restart are kept, those of one that just goes are not', async (t) => {
  const stage = await Stage.open(STORY.fetching);
  t.after(() => stage.close());
  stage.daemonGoes();
  await until(() => stage.activity.snapshot.daemon === 'absent', 'it is gone');
  assert.equal(stage.activity.snapshot.properties === null, true);
  await stage.daemonComes(STORY.restarting);
  await until(() => stage.activity.snapshot.properties?.state === 'restarting', 'it restarts');
  stage.daemonGoes();
  await until(() => stage.activity.snapshot.daemon === 'absent', 'it is gone');
  assert.equal(stage.activity.snapshot.properties?.state, 'restarting');
});

test('a call without a daemon, or one that the daemon refuses, is answered with a code', async (t) => {
  const stage = await Stage.open();
  t.after(() => stage.close());
  const answer = await stage.activity.call({ name: 'check' });
  assert.deepEqual(answer, { ok: false, code: 'IoError', message: 'the Ripple daemon is not running' });
});

test('a signal that the laptop went back is remembered', async (t) => {
  const stage = await Stage.open(STORY.idle);
  t.after(() => stage.close());
  const heard: ActivitySnapshot['arrival'][] = [];
  stage.activity.subscribe(({ arrival }) => heard.push(arrival));
  stage.updater.tell({ name: 'RolledBack', from: 7, to: 6, reason: 'did not start' });
  await until(() => heard.includes('back'), 'the signal is heard');
  assert.deepEqual(await stage.activity.call({ name: 'acknowledge' }), { ok: true });
  assert.equal(stage.activity.snapshot.arrival, 'none');
});
