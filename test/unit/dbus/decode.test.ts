import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeLastError, decodePeers, decodeProgress, decodeVersions } from '../../../dbus/decode.ts';
import { NO_PROGRESS } from '../../../service/api/model.ts';

const EMPTY_VERSION = {
  version: 0,
  severity: 'normal',
  notes: {},
  released: '',
  downloadSizeBytes: 0,
  sources: [],
  local: false,
};

test('what is not there yet decodes to nothing', () => {
  assert.deepEqual(decodeVersions(undefined), []);
  assert.deepEqual(decodePeers(undefined), []);
  assert.deepEqual(decodeProgress(undefined), NO_PROGRESS);
  assert.deepEqual(decodeLastError(undefined), { code: '', message: '' });
});

test('missing keys and values of another type or of no known word get the empty value', () => {
  assert.deepEqual(decodeVersions([{}]), [EMPTY_VERSION]);
  const odd = {
    version: { signature: 's', value: '7' },
    severity: { signature: 's', value: 'terrible' },
    notes: { signature: 'a{sv}', value: { en: { signature: 's', value: 'no' } } },
    sources: { signature: 'as', value: ['a', 7] },
    local: { signature: 'u', value: 1 },
  };
  assert.deepEqual(decodeVersions([odd]), [{ ...EMPTY_VERSION, sources: ['a'] }]);
  const [peer] = decodePeers([
    {
      role: { signature: 's', value: 'pirate' },
      state: { signature: 's', value: '?' },
      lastSeen: { signature: 'x', value: -5n },
    },
  ]);
  assert.deepEqual([peer?.role, peer?.state, peer?.lastSeen], ['laptop', 'away', -5]);
  assert.equal(decodeProgress({ phase: { signature: 's', value: 'thinking' } }).phase, 'none');
  assert.deepEqual(
    decodeLastError({ code: { signature: 's', value: 'Strange' }, message: { signature: 's', value: 'm' } }),
    {
      code: '',
      message: 'm',
    },
  );
});

test('keys that come with every object are not taken for values', () => {
  const inherited = Object.create({ version: { signature: 'u', value: 9 } });
  assert.deepEqual(decodeVersions([inherited]), [EMPTY_VERSION]);
  const fromPeers = Object.fromEntries([['__proto__', 3n]]);
  const decoded = decodeProgress({ fromPeers: { signature: 'a{st}', value: fromPeers } }).fromPeers;
  assert.deepEqual(Object.entries(decoded), [['__proto__', 3]]);
});
