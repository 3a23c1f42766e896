import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerCall } from '../../../dbus/answers.ts';
import { BusError } from '../../../dbus/error.ts';
import { type IncomingMessage, MESSAGE_FLAG, MESSAGE_TYPE } from '../../../dbus/wire.ts';

const CALL: IncomingMessage = {
  type: MESSAGE_TYPE.call,
  flags: 0,
  serial: 9,
  sender: ':1.7',
  path: '/x',
  member: 'M',
  signature: '',
  bodyBytes: 0,
  body: () => [],
};
const fine = async () => ({ signature: 's', body: ['yes'] });

test('the reply goes to the caller, about its call, and wants no reply itself', async () => {
  assert.deepEqual(await answerCall(CALL, [() => undefined, fine]), {
    header: { type: 2, flags: 1, replySerial: 9, destination: ':1.7', signature: 's' },
    body: ['yes'],
  });
});

// The bus drops replies that nobody asked for, so that only this shows that none is made.
test('a call that wants no reply gets none, whatever became of it', async () => {
  const quiet = { ...CALL, flags: MESSAGE_FLAG.noReplyExpected };
  const ran: string[] = [];
  const note = async () => {
    ran.push('ran');
    return fine();
  };
  assert.equal(await answerCall(quiet, [note]), undefined);
  assert.equal(await answerCall(quiet, [async () => Promise.reject(new Error('no'))]), undefined);
  assert.deepEqual(ran, ['ran']);
});

test('errors carry one line, and nothing of what was not meant for the caller', async () => {
  const fail = async (error: unknown) => (await answerCall(CALL, [async () => Promise.reject(error)])) ?? assert.fail();
  const meant = await fail(new BusError('org.example.Error.Meant', 'a\0b\n    at stack'));
  assert.deepEqual([meant.header.errorName, meant.body], ['org.example.Error.Meant', ['a?b']]);
  for (const thrown of [new TypeError('secret'), 'secret', undefined, { name: 'x', text: 'secret' }]) {
    const { header, body } = await fail(thrown);
    assert.deepEqual([header.errorName, body], ['org.freedesktop.DBus.Error.Failed', ['internal error']]);
  }
});
