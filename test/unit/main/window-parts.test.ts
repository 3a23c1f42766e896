import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseOptions } from '../../../main/options.ts';
import { findOwner } from '../../../main/owner.ts';
import { uidOfClient } from '../../../main/peer-uid.ts';
import { NEW_PERSON, readState, stateFile, writeState } from '../../../main/state-file.ts';
import { browserArguments, findBrowser } from '../../../main/window.ts';
import { CALL_NAMES, parseCall, parseResult } from '../../../service/api/activity.ts';
import { tempFolder } from '../../helpers/temp.ts';

test('only what is in the list can be asked, with a whole version where one is needed', () => {
  assert.deepEqual(parseCall({ name: 'check', more: 1 }), { name: 'check' });
  assert.deepEqual(parseCall({ name: 'fetch', version: 7 }), { name: 'fetch', version: 7 });
  for (const version of [undefined, null, '7', 0, -1, 1.5, Number.NaN, 2 ** 32, {}])
    assert.equal(parseCall({ name: 'fetch', version }), undefined);
  for (const value of [null, 'check', [], {}, { name: 'Check' }, { name: 'constructor' }, { name: '__proto__' }])
    assert.equal(parseCall(value), undefined);
  assert.equal(CALL_NAMES.length, 9);
  assert.equal(parseCall({ name: 'defer', version: 7 }), undefined);
  assert.deepEqual(parseCall({ name: 'defer', version: 7, until: 'tonight' }), {
    name: 'defer',
    version: 7,
    until: 'tonight',
  });
  const wish = { when: 'now', deadline: '2026-03-06T15:00:00Z', canaries: 2, class: '', passphrase: 'open sesame' };
  assert.deepEqual(parseCall({ name: 'order', version: 7, ...wish, more: 1 }), { name: 'order', version: 7, ...wish });
  for (const wrong of [{ canaries: -1 }, { canaries: 1.5 }, { passphrase: 5 }, { when: 'x'.repeat(600) }])
    assert.equal(parseCall({ name: 'order', version: 7, ...wish, ...wrong }), undefined);
});

test('an answer that cannot be read counts as a failure', () => {
  assert.deepEqual(parseResult({ ok: true }), { ok: true });
  assert.deepEqual(parseResult({ ok: false, code: 'NoSpace' }), { ok: false, code: 'NoSpace' });
  for (const value of [null, {}, { ok: 'yes' }, { ok: false, code: 'Nonsense' }])
    assert.deepEqual(parseResult(value), { ok: false, code: 'Internal' });
});

test('what a person has seen is kept whole, and damage is a new person', async (t) => {
  const file = join(tempFolder(t), 'deep', 'state.json');
  assert.deepEqual(await readState(file), NEW_PERSON);
  const ana = { id: 'a', name: 'Ana', colours: '#005fe4,#fffa00', role: 'laptop' } as const;
  const helped = { version: 7, helpers: [ana] };
  const state = { seenVersion: 7, wentBack: true, colours: '#112233,#445566', helped };
  await writeState(file, state);
  assert.deepEqual(await readState(file), state);
  writeFileSync(file, '{"seenVersion":-1,"wentBack":"x"');
  assert.deepEqual(await readState(file), NEW_PERSON);
  writeFileSync(file, '{"seenVersion":-1,"wentBack":"x","colours":5}');
  assert.deepEqual(await readState(file), NEW_PERSON);
  writeFileSync(file, '{"helped":{"version":7,"helpers":[{"id":5},null,"x"]}}');
  assert.deepEqual((await readState(file)).helped, { version: 7, helpers: [] });
  assert.equal(stateFile({ XDG_STATE_HOME: '/s' }), '/s/ripple-activity/state.json');
});

test('colours once given stay', async () => {
  const first = await findOwner('', 0.3);
  assert.match(first.colours, /^#[0-9a-f]{6},#[0-9a-f]{6}$/);
  assert.equal((await findOwner(first.colours, 0.9)).colours, first.colours);
  assert.match((await findOwner('red', 0.9)).colours, /^#/);
});

test('the first browser on the path is taken, and only if it can be run', (t) => {
  const [a, b] = [join(tempFolder(t), 'a'), join(tempFolder(t), 'b')];
  for (const folder of [a, b]) mkdirSync(folder);
  writeFileSync(join(a, 'chromium'), '', { mode: 0o644 });
  writeFileSync(join(b, 'google-chrome'), '', { mode: 0o755 });
  assert.equal(findBrowser(`${a}::${b}`), join(b, 'google-chrome'));
  chmodSync(join(a, 'chromium'), 0o755);
  assert.equal(findBrowser(`${b}:${a}`), join(a, 'chromium'));
  assert.equal(findBrowser(''), undefined);
});

test('the browser keeps its sandbox unless it could not start with it, and is given a size once', () => {
  const first = { folder: '/p', known: false };
  assert.ok(!browserArguments('http://x/', first, false).includes('--no-sandbox'));
  assert.ok(browserArguments('http://x/', first, true).includes('--no-sandbox'));
  assert.ok(browserArguments('http://x/', first, false).includes('--app=http://x/'));
  const sized = (known: boolean) => browserArguments('http://x/', { folder: '/p', known }, false).join(' ');
  assert.match(sized(false), /--window-size=/);
  assert.doesNotMatch(sized(true), /--window-size=/);
});

test('the user of a connection is read from the kernel’s table', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 11 1
   1: 0100007F:C001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 12 1
   2: 0200000A:C002 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 13 1\n`;
  assert.equal(uidOfClient(table, 0xc001, 8080), 1000);
  assert.equal(uidOfClient(table, 0xc002, 8080), undefined);
  assert.equal(uidOfClient(table, 0xc003, 8080), undefined);
});

test('options: an unknown one is an error that names it', () => {
  assert.deepEqual(parseOptions(['--bus', 'unix:path=/x', '--print']), {
    bus: 'unix:path=/x',
    print: true,
    background: false,
    help: false,
  });
  assert.equal(parseOptions(['ripple://open']).print, false);
  assert.throws(() => parseOptions(['http://x/']), { code: 'InvalidArgument', message: /"http:\/\/x\/"/ });
  assert.throws(() => parseOptions(['--what']), { code: 'InvalidArgument', message: /--what/ });
  assert.throws(() => parseOptions(['--bus']), { code: 'InvalidArgument' });
});

test('the icon is a drawing without scripts', () => {
  const icon = readFileSync(new URL('../../../../assets/icons/ripple.svg', import.meta.url), 'utf8');
  assert.match(icon, /^<svg /);
  assert.doesNotMatch(icon, /<script|on\w+=|href=/);
});
