/** A teacher's commands as a teacher types them, against the real bus service. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LaptopInfo, OrderInfo } from '../../service/api/model.ts';
import { ScriptedClassroom } from '../../service/demo/scripted/scripted-classroom.ts';
import { type Order, parseOrder } from '../../service/image/documents.ts';
import { Verifier } from '../../service/sign/verifier.ts';
import { ripple, rippleOk } from '../helpers/ripple.ts';
import { tempFolder } from '../helpers/temp.ts';
import { startUpdaterOnBus } from '../helpers/updater-on-bus.ts';

const STANDING: OrderInfo = { version: 7, epoch: 4, when: 'now', deadline: 0, classes: ['*'], waits: '' };
const ANA: LaptopInfo = {
  id: 'a1',
  name: 'Ana',
  colours: '',
  version: 6,
  state: 'fetching',
  progress: 40,
  lastSeen: 1_770_000_000,
  stuck: false,
  error: '',
};

async function school(t: TestContext, classroom?: ScriptedClassroom) {
  const folder = tempFolder(t);
  const service = await startUpdaterOnBus({}, {}, classroom);
  t.after(() => service.stop());
  writeFileSync(join(folder, 'word'), 'open sesame\n');
  const locked = ['--passphrase-file', join(folder, 'word')];
  await rippleOk(['keygen', '--out', join(folder, 'root.key')]);
  await rippleOk(['keygen', '--out', join(folder, 'teacher.key'), ...locked]);
  const keyring = ['keyring', 'init', '--repo', join(folder, 'repo'), '--root', join(folder, 'root.key')];
  await rippleOk([...keyring, '--order', join(folder, 'teacher.key.pub')]);
  const verifier = await Verifier.fromInstalled(readFileSync(join(folder, 'repo/keyring/1.pgp')), 0);
  const judge = async (bytes: Uint8Array): Promise<Order> =>
    (await verifier.order(bytes, { image: 'xo', highestEpochSeen: 0 })).document;
  const sign = ['--key', join(folder, 'teacher.key'), ...locked];
  return { ...service, folder, judge, sign, bus: ['--bus', service.bus.address] };
}

test('an order is signed so that laptops take it, with the number after the last', async (t) => {
  const classroom = new ScriptedClassroom();
  const { bus, sign, judge, updater } = await school(t, classroom);
  const deadline = '2026-12-24T15:00:00Z';
  await rippleOk(['order', '7', ...sign, ...bus, '--canaries', '2', '--deadline', deadline, '--class', '4b']);
  const [first] = classroom.orders;
  assert.ok(first);
  assert.deepEqual(await judge(first), {
    image: 'xo',
    version: 7,
    epoch: 1,
    when: 'now',
    deadline,
    canaries: 2,
    haltAfter: 2,
    allowDowngrade: false,
    classes: ['4b'],
  });
  updater.set({ order: STANDING });
  await rippleOk(['order', '--stop', ...sign, ...bus]);
  const stop = classroom.orders.at(-1);
  assert.ok(stop);
  const { version, epoch, classes } = await judge(stop);
  assert.deepEqual([version, epoch, classes], [7, 5, []]);
});

test('an order can be written to a file without any daemon', async (t) => {
  const { folder, sign, judge } = await school(t);
  const out = join(folder, 'order.pgp');
  await rippleOk(['order', '8', ...sign, '--image', 'xo', '--epoch', '9', '--out', out]);
  assert.equal((await judge(readFileSync(out))).epoch, 9);
  assert.throws(() => parseOrder(readFileSync(out)), 'the file is the signed message, not the bare text');
});

test('what is missing or wrong is said in one line', async (t) => {
  const { bus, sign, folder } = await school(t, new ScriptedClassroom());
  const cases = [
    [['order', ...sign, ...bus], 2, /VERSION is missing/],
    [['order', '7', '--stop', ...sign, ...bus], 2, /--stop takes no VERSION/],
    [['order', '7', ...bus], 2, /--key KEY is missing/],
    [['order', '7', ...sign, ...bus, '--deadline', 'soon'], 1, /--deadline must be a time like/],
    [['order', '--stop', ...sign, ...bus], 1, /no order that could be taken back/],
    [['order', '7', '--key', join(folder, 'teacher.key'), ...bus], 1, /passphrase/],
  ] as const;
  for (const [args, status, words] of cases) {
    const ran = await ripple(args);
    assert.equal(ran.status, status, `${args.join(' ')}: ${ran.stderr}`);
    assert.match(ran.stderr, words);
    assert.equal(ran.stderr.trim().split('\n').length, 1, ran.stderr);
  }
});

test('the class is a table, whoever is stuck first; a laptop without a class says what to do', async (t) => {
  const stuck: LaptopInfo = { ...ANA, id: 'z9', name: 'Zoe', stuck: true, state: 'failed', error: 'NoSpace' };
  const { bus } = await school(t, new ScriptedClassroom([ANA, stuck]));
  const lines = (await rippleOk(['class', ...bus])).trim().split('\n');
  assert.match(lines[0] ?? '', /^LAPTOP +VERSION +STATE/);
  assert.match(lines[1] ?? '', /^Zoe +6 +stuck \(failed\).*NoSpace/);
  assert.match(lines[2] ?? '', /^Ana +6 +fetching +40 %/);
  const alone = await school(t);
  const ran = await ripple(['class', ...alone.bus]);
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /role = "teacher"/);
});
