// A real polkitd on the private bus, in a mount namespace of its own so that it sees our actions and the test's rules
// in place of the system's.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectBus } from '../../dbus/connection.ts';
import { callAs, IS_ROOT } from '../helpers/as-user.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { tempFolder } from '../helpers/temp.ts';
import { startUpdaterOnBus } from '../helpers/updater-on-bus.ts';

const POLKITD = '/usr/lib/polkit-1/polkitd';
const POLKIT_POLICY = '/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf';
const SKIP = IS_ROOT && existsSync(POLKITD) ? false : 'needs root and the Debian package polkitd';

const RULES = `polkit.addRule(function (action, subject) {
  if (action.id.indexOf("org.laptop.ripple1.") !== 0) return undefined;
  if (subject.user === "games") return action.id === "org.laptop.ripple1.rollback" ? polkit.Result.NO : polkit.Result.YES;
  if (subject.user === "daemon") return polkit.Result.AUTH_ADMIN;
  return undefined;
});
`;

/** Resolves when polkitd has its name on the bus. */
async function startPolkit(t: TestContext, address: string): Promise<void> {
  const folder = tempFolder(t, 'ripple-polkit');
  // polkitd gives up being root and reads them as its own user.
  chmodSync(folder, 0o755);
  await mkdir(join(folder, 'rules'));
  await writeFile(join(folder, 'rules/50-test.rules'), RULES);
  const mounts = [
    'mount --make-rprivate /',
    `mount --bind ${PROJECT_ROOT}/assets/polkit /usr/share/polkit-1/actions`,
    `mount --bind ${folder}/rules /etc/polkit-1/rules.d`,
  ];
  const polkitd = spawn(
    'unshare',
    ['-m', 'sh', '-ec', `${mounts.join('; ')}; exec setpriv --pdeathsig=TERM ${POLKITD} --no-debug`],
    {
      env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const ended = new Promise<void>((resolve) => polkitd.once('close', () => resolve()));
  t.after(async () => {
    polkitd.kill();
    await ended;
  });
  const watcher = await connectBus(address);
  await new Promise<void>((resolve, reject) => {
    polkitd.once('close', () => reject(new Error('polkitd did not start')));
    watcher.watchName(
      'org.freedesktop.PolicyKit1',
      () => resolve(),
      () => {},
    );
  });
  watcher.close();
}

test('polkit decides by user and action, asked about whoever the bus says called', { skip: SKIP }, async (t) => {
  const service = await startUpdaterOnBus({ group: 'games', allowSameUser: true }, { policyFiles: [POLKIT_POLICY] });
  t.after(() => service.stop());
  const { address } = service.bus;
  await startPolkit(t, address);
  // The last three are what polkit lets anybody, somebody elsewhere and the person at the screen do by default:
  // 2 an administrator, 4 an administrator once for a while, 5 yes.
  const [actions] = await service.connection.call({
    destination: 'org.freedesktop.PolicyKit1',
    path: '/org/freedesktop/PolicyKit1/Authority',
    interface: 'org.freedesktop.PolicyKit1.Authority',
    member: 'EnumerateActions',
    signature: 's',
    body: [''],
    replySignature: 'a(ssssssuuua{ss})',
  });
  assert.ok(Array.isArray(actions));
  assert.deepEqual(actions.map((action) => [action[0], ...action.slice(6, 9)]).sort(), [
    ['org.laptop.ripple1.check', 2, 2, 5],
    ['org.laptop.ripple1.defer', 2, 2, 5],
    ['org.laptop.ripple1.manage', 2, 2, 4],
    ['org.laptop.ripple1.order', 2, 2, 4],
    ['org.laptop.ripple1.rollback', 2, 2, 5],
    ['org.laptop.ripple1.update', 2, 2, 5],
  ]);

  const games = { user: 'games', group: 'games' };
  const daemon = { user: 'daemon', group: 'games' };
  // In the group of the configuration, which counts for nothing where polkit is.
  const nobody = { user: 'nobody', group: 'nogroup', groups: ['games'] };

  assert.equal(await callAs(games, address, 'Fetch', '7', '{}'), '()');
  assert.equal(await callAs(games, address, 'Check', '{}'), '()');
  assert.equal(await callAs(games, address, 'Defer', '7', "{'until': <int64 1800000000>}"), '()');
  assert.match(
    await callAs(games, address, 'Rollback', '{}'),
    /Error\.NotAuthorized: .*org\.laptop\.ripple1\.rollback \(user 5: polkit does not allow it\)/,
  );
  assert.match(await callAs(daemon, address, 'Fetch', '7', '{}'), /NotAuthorized: .*an administrator has to agree/);
  // No session at the screen here: what a child may do there needs an administrator from elsewhere.
  assert.match(await callAs(nobody, address, 'Fetch', '7', '{}'), /NotAuthorized: .*an administrator has to agree/);
  assert.equal(await callAs(undefined, address, 'Rollback', '{}'), '()');
  assert.deepEqual(service.updater.calls, [['fetch', 7], ['check'], ['defer', 7, 1_800_000_000], ['rollback']]);
});
