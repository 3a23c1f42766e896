import assert from 'node:assert/strict';
import { test } from 'node:test';
import { socketPath, systemBusAddress, unixAddress } from '../../../dbus/address.ts';
import { matchRule } from '../../../dbus/match.ts';
import { privateBusConfig } from '../../../dbus/private-bus-config.ts';

test('the socket is found in an address list, unescaped', () => {
  assert.equal(socketPath('unix:path=/run/dbus/system_bus_socket'), '/run/dbus/system_bus_socket');
  assert.equal(socketPath('tcp:host=x,port=1;unix:guid=00,path=/a%20b'), '/a b');
  assert.equal(socketPath(unixAddress('/tmp/ü ,;%')), '/tmp/ü ,;%');
  for (const address of ['', 'unix:abstract=/x', 'tcp:host=x', 'unix:path=%zz'])
    assert.throws(() => socketPath(address), { name: 'org.freedesktop.DBus.Error.BadAddress' });
});

test('the environment names another system bus', () => {
  assert.equal(systemBusAddress({ DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/x' }), 'unix:path=/x');
  assert.equal(systemBusAddress({}), 'unix:path=/run/dbus/system_bus_socket');
});

test('a match rule quotes what it is given', () => {
  assert.equal(matchRule({ sender: 'a.b', member: "it's" }), "type='signal',sender='a.b',member='it'\\''s'");
});

test('paths cannot break out of the configuration of a private bus', () => {
  const text = privateBusConfig({ socketPath: '/tmp/<a> & b/socket', ownerUid: 1000, policyFiles: ['/p/<x>&.conf'] });
  assert.match(text, /<listen>unix:path=\/tmp\/%3Ca%3E%20%26%20b\/socket<\/listen>/);
  assert.match(text, /<include>\/p\/&lt;x&gt;&amp;\.conf<\/include>/);
  assert.match(text, /<policy user="1000">\s*<allow own="\*"\/>/);
});
