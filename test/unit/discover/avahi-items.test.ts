import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ANY_INTERFACE } from '../../../service/discover/avahi-call.ts';
import { AvahiItems, escapeLabel } from '../../../service/discover/avahi-items.ts';
import { formatTxt } from '../../../service/discover/txt.ts';
import { txtRecord } from '../../helpers/neighbours.ts';

/** Items whose daemon is the test: it names an object for each call and writes down what is called. */
function items(interfaces: readonly number[]) {
  const called: string[] = [];
  const sighted: string[] = [];
  const call = async (path: string, _: string, member: string) => {
    called.push(member === 'Free' ? `Free ${path}` : member);
    return [`/${member}/${called.length}`];
  };
  const events = { sighted: (_: unknown, url: string) => void sighted.push(url), listed: () => {}, doubted: () => {} };
  const made = new AvahiItems(call, events, interfaces, () => ['10.0.0.1/24']);
  return { made, called, sighted };
}

const appears = (name: string, index = 2, flags = 4) => [index, 0, name, '_ripple._tcp', 'local', flags];
const TXT = formatTxt(txtRecord());

test('a service name becomes one label, whatever is in it', () => {
  assert.equal(escapeLabel('ripple-a1_B'), 'ripple-a1_B');
  assert.equal(escapeLabel('a.b\\c d'), 'a\\046b\\092c\\032d');
  assert.equal(escapeLabel('é'), '\\195\\169');
});

test('an address that is not on a network of ours is never used', async (t) => {
  const { made, sighted } = items([ANY_INTERFACE]);
  t.after(() => made.stop());
  for (const [name, address] of [
    ['far', '203.0.113.9'],
    ['self', '127.0.0.1'],
    ['near', '10.0.0.9'],
  ]) {
    made.onBrowser('ItemNew', appears(`${name}`));
    await setImmediate();
    for (let path = 1; path < 20; path++)
      made.onResolver('Found', `/ServiceResolverNew/${path}`, [2, 0, name, '', '', '', 0, address, 8100, TXT, 0]);
  }
  assert.deepEqual(sighted, ['http://10.0.0.9:8100']);
});

test('our own service, other interfaces and a flood of names are left alone', async (t) => {
  const { made, called } = items([2]);
  t.after(() => made.stop());
  made.onBrowser('ItemNew', appears('own', 2, 4 | 16));
  made.onBrowser('ItemNew', appears('elsewhere', 3));
  assert.deepEqual(called, []);
  for (let name = 0; name < 2_000; name++) made.onBrowser('ItemNew', appears(`n${name}`));
  await setImmediate();
  assert.ok(called.length <= 1_000, 'the daemon gives a client 1024 objects');
});

test('what the daemon made for an item goes with the item', async (t) => {
  const { made, called } = items([ANY_INTERFACE]);
  t.after(() => made.stop());
  made.onBrowser('ItemNew', appears('x'));
  await setImmediate();
  made.onBrowser('ItemRemove', appears('x'));
  await setImmediate();
  const freed = called.filter((one) => one.startsWith('Free')).sort();
  assert.deepEqual(freed, ['Free /RecordBrowserNew/1', 'Free /ServiceResolverNew/2']);
});
