import assert from 'node:assert/strict';
import { test } from 'node:test';
import { removableMounts } from '../../../service/core/removable.ts';

const ROOT = '/org/freedesktop/UDisks2';
const value = (given: unknown) => ({ signature: '', value: given });
const drive = (properties: Readonly<Record<string, unknown>>) => ({
  'org.freedesktop.UDisks2.Drive': Object.fromEntries(Object.entries(properties).map(([k, v]) => [k, value(v)])),
});
const block = (of: string, mounts: readonly (string | Uint8Array)[], backing = '/') => ({
  'org.freedesktop.UDisks2.Block': { Drive: value(of), CryptoBackingDevice: value(backing) },
  'org.freedesktop.UDisks2.Filesystem': {
    MountPoints: value(mounts.map((mount) => (typeof mount === 'string' ? Buffer.from(`${mount}\0`) : mount))),
  },
});

test('what is plugged in by hand and mounted: sticks, cards, disks in a USB case, unlocked containers on them', () => {
  const managed = {
    [`${ROOT}/drives/disk`]: drive({ Removable: false, MediaRemovable: false, ConnectionBus: '' }),
    [`${ROOT}/drives/stick`]: drive({ Removable: true }),
    [`${ROOT}/drives/card`]: drive({ MediaRemovable: true, ConnectionBus: 'sdio' }),
    [`${ROOT}/drives/case`]: drive({ Removable: false, ConnectionBus: 'usb' }),
    [`${ROOT}/block_devices/a`]: block(`${ROOT}/drives/disk`, ['/home']),
    [`${ROOT}/block_devices/b`]: block(`${ROOT}/drives/stick`, ['/media/b', '/run/media/b']),
    [`${ROOT}/block_devices/c`]: block(`${ROOT}/drives/card`, ['/media/é ']),
    [`${ROOT}/block_devices/d`]: block(`${ROOT}/drives/case`, ['/media/d']),
    [`${ROOT}/block_devices/e`]: block('/', ['/media/e'], `${ROOT}/block_devices/b`),
    [`${ROOT}/block_devices/f`]: block('/', ['/media/f'], `${ROOT}/block_devices/a`),
    [`${ROOT}/block_devices/g`]: block(`${ROOT}/drives/stick`, []),
  };
  const found = ['/media/b', '/media/d', '/media/e', '/media/é ', '/run/media/b'];
  assert.deepEqual(removableMounts(managed, ['/', '/sysroot']), found);
});

test('a laptop that runs from a card does not take its own disk for a stick', () => {
  const managed = {
    [`${ROOT}/drives/card`]: drive({ MediaRemovable: true }),
    [`${ROOT}/block_devices/a`]: block(`${ROOT}/drives/card`, ['/var', '/sysroot']),
  };
  assert.deepEqual(removableMounts(managed, ['/', '/sysroot']), []);
});

test('what has another shape, is no UTF-8 or no absolute path is passed over', () => {
  const stick = { [`${ROOT}/drives/stick`]: drive({ Removable: true }) };
  const odd = block(`${ROOT}/drives/stick`, [Buffer.from([0x2f, 0xff, 0]), 'relative', '']);
  assert.deepEqual(removableMounts({ ...stick, [`${ROOT}/block_devices/a`]: odd }, []), []);
  for (const managed of [undefined, null, 7, 'text', [], { '/a': null }, { '/a': { b: 7 } }])
    assert.deepEqual(removableMounts(managed, []), []);
});
