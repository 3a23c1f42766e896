import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { decodeVersion } from '../../dbus/decode.ts';
import { BUS_NAME, OBJECT_PATH, type SignalArgs } from '../../service/api/description.ts';
import type { VersionInfo } from '../../service/api/model.ts';
import { FIRST_SNAPSHOT } from '../../service/demo/scripted/scripted-updater.ts';
import { startWithClient } from '../helpers/updater-on-bus.ts';

test('a listener of a signal finds the properties that belong to it, and every signal of the description arrives', async (t) => {
  const { client, updater } = await startWithClient(t);
  const info: VersionInfo = { ...(FIRST_SNAPSHOT.versions[0] ?? assert.fail()), version: 8 };
  const heard: unknown[] = [];
  client.onSignal('StateChanged', (old, now) => heard.push([old, now, client.properties.State]));
  client.onSignal('UpdateAvailable', (version, dict) => heard.push([version, decodeVersion(dict)]));
  client.onSignal('UpdateReady', (version) => heard.push([version]));
  client.onSignal('RolledBack', (...args) => heard.push(args));
  const done = new Promise<SignalArgs<'UpdateFailed'>>((resolve) => {
    client.onSignal('UpdateFailed', (...args) => resolve(args));
  });
  await client.call('Cancel', []);
  updater.set({ state: 'checking' });
  updater.tell({ name: 'StateChanged', old: 'idle', new: 'checking' });
  updater.tell({ name: 'UpdateAvailable', info });
  updater.tell({ name: 'UpdateReady', info });
  updater.tell({ name: 'RolledBack', from: 7, to: 6, reason: 'health check "screen" failed' });
  updater.tell({ name: 'UpdateFailed', version: 8, error: { code: 'NoSpace', message: 'no room' } });
  assert.deepEqual(await done, [8, 'NoSpace', 'no room']);
  assert.deepEqual(heard, [['idle', 'checking', 'checking'], [8, info], [8], [7, 6, 'health check "screen" failed']]);
});

test('gdbus monitor shows property changes and signals as the contract says', async (t) => {
  const { bus, updater } = await startWithClient(t);
  const monitor = spawn(
    'gdbus',
    ['monitor', '--address', bus.address, '--dest', BUS_NAME, '--object-path', OBJECT_PATH],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  t.after(() => monitor.kill());
  let text = '';
  monitor.stdout.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  // It says that it listens before it does: so tell it again until it hears.
  for (let i = 0; i < 200 && !text.includes("StateChanged ('idle', 'checking')"); i++) {
    updater.set({ state: 'checking' });
    updater.tell({ name: 'StateChanged', old: 'idle', new: 'checking' });
    updater.set({ state: 'idle' });
    updater.tell({ name: 'StateChanged', old: 'checking', new: 'idle' });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.match(
    text,
    /\/org\/laptop\/Ripple1: org\.freedesktop\.DBus\.Properties\.PropertiesChanged \('org\.laptop\.Ripple1\.Updater', \{'State': <'checking'>\}, @as \[\]\)/,
  );
  assert.match(text, /\/org\/laptop\/Ripple1: org\.laptop\.Ripple1\.Updater\.StateChanged \('idle', 'checking'\)/);
});
