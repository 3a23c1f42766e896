import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Announcer, spacingMs } from '../../../service/discover/announcer.ts';
import { txtRecord } from '../../helpers/neighbours.ts';

const service = (changes: Parameters<typeof txtRecord>[0]) => ({ record: txtRecord(changes), port: 8100 });

test('what is the same is not announced, progress alone rarely, the rest once a second', () => {
  assert.equal(spacingMs(service({}), service({})), undefined);
  assert.equal(spacingMs(service({ progress: 1 }), service({ progress: 2 })), 5_000);
  assert.equal(spacingMs(service({ progress: 1 }), service({ progress: 2, state: 'fetching' })), 1_000);
  assert.equal(spacingMs(service({}), { ...service({}), port: 8101 }), 1_000);
});

test('changes that come fast are dropped, and the last one always goes out', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let nowMs = 0;
    const said: number[] = [];
    const announcer = new Announcer(
      service({ version: 0 }),
      () => nowMs,
      ({ record }) => said.push(record.version),
    );
    for (let version = 1; version <= 1_000; version++) {
      announcer.announce(service({ version }));
      nowMs += 10;
      mock.timers.tick(10);
    }
    nowMs += 1_000;
    mock.timers.tick(1_000);
    assert.ok(said.length <= 11, `${said.length} announcements in 11 s`);
    assert.equal(said.at(-1), 1_000);
  } finally {
    mock.timers.reset();
  }
});

test('a change that was taken back before it went out is not announced', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let said = 0;
    const announcer = new Announcer(
      service({}),
      () => 0,
      () => said++,
    );
    announcer.announce(service({ version: 9 }));
    announcer.announce(service({}));
    mock.timers.tick(10_000);
    assert.equal(said, 0);
  } finally {
    mock.timers.reset();
  }
});
