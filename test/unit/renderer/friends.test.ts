import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coloursOf, contrast, faintOn, NO_COLOURS } from '../../../renderer/state/colours.ts';
import { friendsOf, RING_SIZE, ringOf } from '../../../renderer/state/friends.ts';
import type { PeerInfo } from '../../../service/api/model.ts';
import { BIG_CLASS, friend, NEW_VERSION, SCHOOL } from '../../../service/demo/scripted/child-story.ts';
import { FIRST_SNAPSHOT } from '../../../service/demo/scripted/scripted-updater.ts';

function ringFrom(peers: readonly PeerInfo[], sources: readonly string[] = [], fromPeers = {}) {
  const versions = [{ ...NEW_VERSION, sources }];
  const progress = { ...FIRST_SNAPSHOT.progress, version: 7, fromPeers };
  return friendsOf({ ...FIRST_SNAPSHOT, versions, peers, progress }, 7);
}

test('full has it, half is getting it, outline is gone, and nobody else is in the ring', () => {
  const friends = ringFrom([
    friend(0),
    friend(1, { version: 6, state: 'getting' }),
    friend(2, { state: 'away' }),
    friend(3, { version: 6 }),
    friend(4, { version: 6, state: 'away' }),
    friend(5, { state: 'banned' }),
    friend(6, { version: 8 }),
  ]);
  assert.deepEqual(
    friends.map(({ id, state }) => [id, state]),
    [
      ['peer-00', 'has'],
      ['peer-06', 'has'],
      ['peer-01', 'getting'],
      ['peer-02', 'gone'],
    ],
  );
});

test('a peer that Versions names as a source has it, whatever version it runs', () => {
  assert.equal(ringFrom([friend(0, { version: 6 })], ['peer-00'])[0]?.state, 'has');
});

test('the school is first, and an origin that is no neighbour is a school too', () => {
  assert.deepEqual(
    ringFrom([friend(0), SCHOOL]).map(({ kind }) => kind),
    ['school', 'friend'],
  );
  const [house] = ringFrom([], ['https://updates.example/xo'], { 'https://updates.example/xo': 5 });
  assert.equal(house?.kind, 'school');
  assert.equal(house?.gives, true);
});

test('twelve are shown and the rest are counted', () => {
  const ring = ringOf(ringFrom(BIG_CLASS));
  assert.equal(ring.shown.length, RING_SIZE);
  assert.equal(ring.more, 9);
  assert.equal(ringOf(ringFrom(BIG_CLASS.slice(0, 12))).more, 0);
});

test('only who gave bytes of this version gives', () => {
  const [ana, luis] = ringFrom([friend(0), friend(1)], [], { 'peer-00': 10, 'peer-01': 0 });
  assert.deepEqual([ana?.gives, luis?.gives], [true, false]);
});

test('a nickname is cut and cannot turn or break the line it stands in', () => {
  const [one] = ringFrom([friend(0, { name: `\u202eevil\u2066\n\u0000${'x'.repeat(60)}` })]);
  assert.equal(one?.name, `evil${'x'.repeat(19)}…`);
  assert.equal(ringFrom([friend(0, { name: 'می\u200cخواهم' })])[0]?.name, 'می\u200cخواهم');
});

test('colours that are no pair of colours are nobody’s', () => {
  assert.deepEqual(coloursOf('#FF2B34,#005FE4'), { stroke: '#FF2B34', fill: '#005FE4' });
  for (const text of ['', '#fff,#000', 'red,blue', '#ff2b34,#005fe4;x', 'url(#a),#000000'])
    assert.equal(coloursOf(text), NO_COLOURS);
});

test('pale figures get a line round them where the paper would swallow them', () => {
  assert.ok(Math.abs(contrast('#000000', '#ffffff') - 21) < 0.01);
  assert.deepEqual(faintOn(coloursOf('#fffa00,#005fe4')), ['light']);
  assert.deepEqual(faintOn(coloursOf('#5e008c,#fffa00')), ['dark']);
  assert.deepEqual(faintOn(NO_COLOURS), []);
});
