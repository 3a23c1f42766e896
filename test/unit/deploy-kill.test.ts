/** Death at every system call that changes names or forces bytes to the disk: the old or the new stands, never neither. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { choose, readBootConfig } from '../../service/deploy/boot-config.ts';
import { recover } from '../../service/deploy/recover.ts';
import { verifyDeployment } from '../../service/deploy/verify.ts';
import { smallImage, TestSysroot, xo } from '../helpers/sysroot.ts';
import { tempFolder } from '../helpers/temp.ts';

const here = dirname(fileURLToPath(import.meta.url));
const CHILD = join(here, '../helpers/deploy-child.js');
const SCRIPT = join(here, '../../../assets/boot/ripple-boot');
/** The question mark: not every architecture has both. */
const CALLS = ['link', 'symlink', 'rename', 'unlink', 'rmdir', 'mkdir', 'fsync', 'syncfs'];
const family = (call: string) => `?${call},?${call}at,?${call}at2`;
/** No action makes more calls of one kind. */
const MOST_CALLS = 80;

function run(action: string, root: string, inject?: { readonly call: string; readonly nth: number }): boolean {
  const node = [process.execPath, CHILD, action, root];
  const strace = inject
    ? [
        'strace',
        '-f',
        '-qq',
        '-o',
        '/dev/null',
        '-e',
        `trace=${family(inject.call)}`,
        '-e',
        `inject=${family(inject.call)}:signal=KILL:when=${inject.nth}`,
      ]
    : [];
  const [command = '', ...args] = [...strace, ...node];
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.status === 0) return true;
  assert.ok(inject && (result.signal === 'SIGKILL' || result.status === 137), `${action}: ${result.stderr}`);
  return false;
}

/** What a start of the laptop finds: the pointer leads to a whole tree, and the boot script agrees. */
async function whole(sysroot: TestSysroot): Promise<number> {
  const config = readBootConfig(sysroot.layout);
  assert.ok(config);
  const { version } = config.current;
  const { damaged } = await verifyDeployment(sysroot.layout.deployment(config.current), smallImage(version).entries);
  assert.deepEqual(damaged, []);
  return version;
}

interface Scenario {
  readonly action: string;
  readonly prepare: (sysroot: TestSysroot) => Promise<void>;
  /** Versions the pointer may lead to after a kill. */
  readonly versions: readonly number[];
  /** Names under rootfs when the action, begun again after recovery, is done. */
  readonly names: readonly string[];
  /** The trees whose content must be right in the end. */
  readonly trees: readonly number[];
  /** The tree that runs may be damaged until the action is done. */
  readonly mending?: true;
}

const SCENARIOS: readonly Scenario[] = [
  {
    action: 'stage',
    prepare: async (sysroot) => {
      await sysroot.deploy(6);
      sysroot.fill(smallImage(7));
    },
    versions: [6],
    names: ['boot', 'config.1', 'current', 'previous', 'xo.6', 'xo.7'],
    trees: [6, 7],
  },
  {
    action: 'choose',
    prepare: async (sysroot) => {
      await sysroot.deploy(6);
      sysroot.fill(smallImage(7));
      await sysroot.stage(7, smallImage(7));
    },
    versions: [6, 7],
    names: ['boot', 'config.*', 'current', 'previous', 'xo.6', 'xo.7'],
    trees: [6, 7],
  },
  {
    action: 'bless',
    prepare: async (sysroot) => {
      await sysroot.deploy(6);
      choose(sysroot.layout, { current: xo(6), tries: 3 });
    },
    versions: [6],
    names: ['boot', 'config.2', 'current', 'previous', 'xo.6'],
    trees: [6],
  },
  {
    action: 'remove',
    prepare: async (sysroot) => {
      await sysroot.deploy(5);
      await sysroot.deploy(6, 5);
      choose(sysroot.layout, { current: xo(6) });
    },
    versions: [6],
    names: ['boot', 'config.3', 'current', 'previous', 'xo.6'],
    trees: [6],
  },
  {
    action: 'repair',
    prepare: async (sysroot) => {
      await sysroot.deploy(6);
      await sysroot.deploy(7, 6);
      sysroot.fill(smallImage(6));
      const root = sysroot.layout.deployment(xo(6));
      writeFileSync(join(root, 'bin/busy'), 'scribbled over by the disk');
      writeFileSync(join(root, 'etc/version'), 'scribbled over by the disk');
      writeFileSync(join(root, 'extra'), '');
    },
    versions: [7],
    names: ['boot', 'config.2', 'current', 'previous', 'xo.6', 'xo.7'],
    trees: [6, 7],
    mending: true,
  },
];

for (const scenario of SCENARIOS) {
  const { action } = scenario;
  test(`${action}, killed at any system call, leaves a laptop that starts and can do it again`, async (t) => {
    const pattern = join(tempFolder(t), 'sysroot');
    await scenario.prepare(new TestSysroot(pattern));
    let kills = 0;
    for (const call of CALLS) {
      for (let nth = 1; ; nth++) {
        assert.ok(nth <= MOST_CALLS, `${action} makes no end of ${call} calls`);
        const root = join(tempFolder(t), 'copy');
        // cp keeps hard links and nanoseconds, which cpSync does not.
        assert.equal(spawnSync('cp', ['-a', pattern, root]).status, 0);
        const sysroot = new TestSysroot(root);
        const survived = run(action, root, { call, nth });
        const at = `killed at ${call} number ${nth}`;
        if (!scenario.mending) assert.ok(scenario.versions.includes(await whole(sysroot)), at);
        const boot = spawnSync('sh', [SCRIPT, '--sysroot', root, '--run', join(root, 'run')], { encoding: 'utf8' });
        assert.equal(boot.status, 0, boot.stderr);

        const booted = { booted: xo(scenario.versions[0] ?? 0) };
        await recover(sysroot.layout, booted);
        assert.deepEqual((await recover(sysroot.layout, booted)).removed, [], `${at}: recovery leaves nothing to do`);
        // What was done already is not done again: a version that is staged, say.
        const done = action === 'stage' && lstatSync(sysroot.layout.deployment(xo(7)), { throwIfNoEntry: false });
        if (!done) run(action, root);
        await recover(sysroot.layout, booted);
        const names = readdirSync(sysroot.layout.rootfs).map((name) =>
          name.replace(/^config\..*/, scenario.names[1] ?? ''),
        );
        assert.deepEqual(names, scenario.names, at);
        for (const version of scenario.trees) {
          const { damaged } = await verifyDeployment(
            sysroot.layout.deployment(xo(version)),
            smallImage(version).entries,
          );
          // Folders in which a file was replaced, of the tree that was not asked about.
          const left = damaged.filter(({ reason }) => !(scenario.mending && version === 7 && reason === 'time'));
          assert.deepEqual(left, [], `${at}: version ${version}`);
        }
        if (survived) break;
        kills++;
      }
    }
    t.diagnostic(`${action}: ${kills} kills`);
    assert.ok(kills > 0);
  });
}
