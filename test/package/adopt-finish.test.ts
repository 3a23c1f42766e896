/** `ripple adopt --finish` where the old system is still needed, and cut short: nothing but the old system ever goes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lastFirst } from '../helpers/last-first.ts';
import { type Ran, ripple } from '../helpers/ripple.ts';
import { tempFolder } from '../helpers/temp.ts';

/** Most that a run needs is this many calls of one kind. */
const MOST_CALLS = 60;

interface Place {
  readonly sysroot: string;
  readonly marker: string;
  run(args?: readonly string[], prefix?: readonly string[]): Promise<Ran>;
}

/** Version 2 runs, 1 is the way back, and beside them is the old system, with the boot loader `grub` or another. */
function place(t: Pick<TestContext, 'after'>, grub = true): Place {
  const folder = tempFolder(t, 'finish');
  const [sysroot, marker] = [join(folder, 'sysroot'), join(folder, 'booted')];
  const files: Readonly<Record<string, string>> = {
    'rootfs/xo.1/usr/bin/tool': 'one',
    'rootfs/xo.2/usr/bin/tool': 'two',
    'rootfs/config.2/.keep': '',
    'laptop/etc/hostname': 'ana\n',
    'home/ana/work.txt': 'my story\n',
    'root/.profile': '',
    'var/lib/dpkg/status': '',
    'data/pictures': 'kept\n',
    'etc/hostname': 'ana\n',
    'usr/bin/tool': 'old',
    'usr/lib/deep/er/file': 'old',
    'tmp/rubbish': '',
    'boot/vmlinuz-6.1': 'kernel',
    'boot/efi/EFI/loader': 'kept',
    ...(grub
      ? {
          'boot/grub/grub.cfg': 'old menu\n',
          'boot/grub/ripple.cfg': 'ripple menu\n',
          'boot/grub/custom.cfg': "somebody's own\n",
        }
      : {}),
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(sysroot, name, '..'), { recursive: true });
    writeFileSync(join(sysroot, name), text);
  }
  symlinkSync('usr/bin', join(sysroot, 'bin'));
  symlinkSync('boot/vmlinuz-6.1', join(sysroot, 'vmlinuz'));
  symlinkSync('data/pictures', join(sysroot, 'pictures'));
  symlinkSync('config.2', join(sysroot, 'rootfs/boot'));
  symlinkSync('../xo.2', join(sysroot, 'rootfs/config.2/current'));
  symlinkSync('../xo.1', join(sysroot, 'rootfs/config.2/previous'));
  writeFileSync(marker, 'deployment=xo.2\nreason=normal\nconfig=2\n');
  const config = join(folder, 'ripple.toml');
  writeFileSync(config, `sysroot = "${sysroot}"\nboot.marker = "${marker}"\n`);
  return {
    sysroot,
    marker,
    run: (args = [], prefix = []) => ripple(['adopt', '--finish', '--config', config, ...args], { prefix }),
  };
}

function filesIn(sysroot: string): string[] {
  return execFileSync('find', [sysroot, '!', '-type', 'd', '-printf', '%P\n'], { encoding: 'utf8' }).trim().split('\n');
}

const KEPT = [
  'boot/efi/EFI/loader',
  'data/pictures',
  'home/ana/work.txt',
  'laptop/etc/hostname',
  'pictures',
  'root/.profile',
  'rootfs/boot',
  'rootfs/config.2/.keep',
  'rootfs/config.2/current',
  'rootfs/config.2/previous',
  'rootfs/xo.1/usr/bin/tool',
  'rootfs/xo.2/usr/bin/tool',
  'var/lib/dpkg/status',
];
const asRoot = { skip: process.getuid?.() === 0 ? false : 'only root may adopt' };

test('it refuses, in one line, while the old system is needed', asRoot, async (t) => {
  const cases: readonly (readonly [RegExp, (at: Place) => void])[] = [
    [/was never adopted/, ({ sysroot }) => rmSync(join(sysroot, 'rootfs/boot'))],
    [/the old system may be the one that runs/, ({ marker }) => rmSync(marker)],
    [
      /the old system is running/,
      ({ sysroot }) => {
        rmSync(join(sysroot, 'usr'), { recursive: true });
        symlinkSync('/usr', join(sysroot, 'usr'));
      },
    ],
    [
      /xo\.2 is chosen and does not run yet/,
      ({ marker }) => writeFileSync(marker, 'deployment=xo.1\nreason=normal\nconfig=2\n'),
    ],
    [/has not shown yet that it works/, ({ sysroot }) => writeFileSync(join(sysroot, 'rootfs/config.2/tries+2'), '')],
    [/is the only way back/, ({ sysroot }) => rmSync(join(sysroot, 'rootfs/config.2/previous'))],
  ];
  for (const [why, arrange] of cases) {
    const at = place(t);
    arrange(at);
    const before = filesIn(at.sysroot);
    const ran = await at.run(['--yes']);
    assert.equal(ran.status, 1, ran.stdout);
    assert.match(ran.stderr, why);
    assert.equal(ran.stderr.trim().split('\n').length, 1);
    assert.deepEqual(filesIn(at.sysroot), before);
  }
  assert.equal((await ripple(['adopt', '--yes'])).status, 2);
});

test('a rescue is a way back, too', asRoot, async (t) => {
  const at = place(t);
  rmSync(join(at.sysroot, 'rootfs/config.2/previous'));
  mkdirSync(join(at.sysroot, 'rescue'));
  copyFileSync(join(at.sysroot, 'boot/vmlinuz-6.1'), join(at.sysroot, 'rescue/vmlinuz'));
  assert.equal((await at.run(['--yes'])).status, 0);
  assert.ok(existsSync(join(at.sysroot, 'rescue/vmlinuz')));
});

test('what is mounted in the old system is not deleted with it', asRoot, async (t) => {
  const end = lastFirst(t);
  const at = place(end);
  const point = join(at.sysroot, 'usr/lib/deep');
  execFileSync('mount', ['--bind', join(at.sysroot, 'data'), point]);
  end.after(() => void execFileSync('umount', [point]));
  const ran = await at.run(['--yes']);
  assert.match(ran.stderr, /usr\/lib\/deep is mounted in the old system: unmount it first/);
  assert.ok(existsSync(join(at.sysroot, 'data/pictures')));
});

test('of a boot loader that is not ours nothing is touched', asRoot, async (t) => {
  const at = place(t, false);
  assert.equal((await at.run(['--yes'])).status, 0);
  assert.deepEqual(filesIn(at.sysroot).sort(), [...KEPT, 'boot/vmlinuz-6.1'].sort());
});

for (const call of ['unlink', 'rmdir', 'rename'])
  test(
    `killed at each ${call}: GRUB starts Ripple before anything goes, and the next run comes to the end`,
    asRoot,
    async (t) => {
      const at = place(t);
      for (let nth = 1; ; nth++) {
        const calls = `?${call},?${call}at,?${call}at2`;
        const inject = ['-e', `trace=${calls}`, '-e', `inject=${calls}:signal=KILL:when=${nth}`];
        const cut = await at.run(['--yes'], ['strace', '-f', '-qq', '-o', '/dev/null', ...inject]);
        const left = filesIn(at.sysroot);
        for (const name of KEPT) assert.ok(left.includes(name), name);
        const isOldWhole = ['usr/bin/tool', 'usr/lib/deep/er/file', 'boot/vmlinuz-6.1'].every((name) =>
          left.includes(name),
        );
        const grub = readFileSync(join(at.sysroot, 'boot/grub/grub.cfg'), 'utf8');
        assert.ok(isOldWhole || grub === 'ripple menu\n');
        if (cut.status === 0) {
          assert.ok(nth > 1, 'no call was met');
          break;
        }
        assert.ok(nth < MOST_CALLS, cut.stderr);
      }
      assert.equal((await at.run(['--yes'])).status, 0);
      const grub = ['custom.cfg', 'grub.cfg', 'ripple.cfg'].map((name) => `boot/grub/${name}`);
      assert.deepEqual(filesIn(at.sysroot).sort(), [...KEPT, ...grub].sort());
    },
  );
