/** Sticks as file systems: FAT, one that is too small, one that is pulled out while it is written or read. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { requireRoom } from '../../service/stick/room.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { type Published, publishTrees } from '../helpers/published.ts';
import { ripple, rippleOk } from '../helpers/ripple.ts';
import { makeSeededTrees } from '../helpers/seeded-trees.ts';
import { tempFolder } from '../helpers/temp.ts';

let folder: string;
let published: Published;

before(async () => {
  folder = tempFolder({ after: (end: () => void) => process.once('exit', end) }, 'usb');
  const { newer } = makeSeededTrees(folder, 6, {
    smallFiles: 600,
    largeFiles: 12,
    largeBytes: 600_000,
    changedOneIn: 2,
  });
  published = await publishTrees(folder, [[7, newer]]);
});

const noMount = process.getuid?.() === 0 ? false : 'mounting needs root';

/** By the kernel's vfat where it has it, else by FUSE. */
function fatStick(t: TestContext, megabytes: number): string {
  const home = mkdtempSync(join(tmpdir(), 'fat-'));
  const [image, mount] = [join(home, 'image'), join(home, 'mount')];
  writeFileSync(image, '');
  truncateSync(image, megabytes << 20);
  execFileSync('mkfs.vfat', [image], { stdio: 'ignore' });
  mkdirSync(mount);
  t.after(() => {
    spawnSync('umount', ['-l', mount]);
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });
  mountFat(image, mount);
  return mount;
}

function mountFat(image: string, mount: string): void {
  const isKnown = /\tvfat$/m.test(readFileSync('/proc/filesystems', 'utf8'));
  if (isKnown) execFileSync('mount', ['-o', 'loop', '-t', 'vfat', image, mount]);
  else execFileSync('fusefat', ['-o', 'rw+', image, mount], { stdio: 'ignore' });
}

test('a FAT stick, unmounted and mounted again, brings a school the version', { skip: noMount }, async (t) => {
  const stick = fatStick(t, 48);
  assert.match(await rippleOk(['usb', 'export', stick, '--repo', published.repository]), /You can unplug it\.\n$/);
  execFileSync('umount', [stick]);
  mountFat(join(stick, '../image'), stick);
  const school = join(tempFolder(t), 'school');
  await rippleOk(['usb', 'import', stick, '--repo', school, '--keyring', published.keyring]);
  assert.deepEqual(readdirSync(join(school, 'blobs')).sort(), readdirSync(join(published.repository, 'blobs')).sort());
});

test('a stick that is too small is refused with both numbers, and nothing was written', {
  skip: noMount,
}, async (t) => {
  const stick = fatStick(t, 4);
  const ran = await ripple(['usb', 'export', stick, '--repo', published.repository]);
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /^ripple usb: not enough room on .*: [0-9]{8} bytes needed, [0-9]{7} free; .*\n$/);
  assert.deepEqual(readdirSync(stick), []);
});

test('room is counted in blocks, and FAT takes no file of 4 GiB', () => {
  const disk = { type: 0x4d44, bsize: 32_768, bavail: 1000 };
  const many = Array.from({ length: 1000 }, () => ({ sha256: 'a'.repeat(64), sizeBytes: 1 }));
  assert.throws(() => requireRoom('stick', disk, many), /bytes needed, 32768000 free/);
  requireRoom('stick', disk, many.slice(0, 900));
  const large = { ...disk, bavail: 1e9 };
  const blob = (sizeBytes: number) => [{ sha256: 'b'.repeat(64), sizeBytes }];
  requireRoom('stick', large, blob(2 ** 32 - 1));
  assert.throws(() => requireRoom('stick', large, blob(2 ** 32)), /files up to 4 GiB: blob b{64} has 4294967296 bytes/);
  requireRoom('stick', { ...large, type: 0xef53 }, blob(2 ** 32));
});

for (const action of ['export', 'import'] as const)
  test(`a stick pulled out during ${action} is said, and the next run goes on`, { skip: noMount }, async (t) => {
    const home = mkdtempSync(join(tmpdir(), 'pulled-'));
    const mount = join(home, 'mount');
    mkdirSync(mount);
    const image = join(home, 'image');
    writeFileSync(image, '');
    truncateSync(image, 48 << 20);
    execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', image]);
    t.after(() => {
      spawnSync('umount', ['-l', mount]);
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    });
    execFileSync('mount', ['-o', 'loop', image, mount]);
    const school = join(tempFolder(t), 'school');
    if (action === 'import') await rippleOk(['usb', 'export', mount, '--repo', published.repository]);
    const args =
      action === 'export'
        ? ['usb', 'export', mount, '--repo', published.repository]
        : ['usb', 'import', mount, '--repo', school, '--keyring', published.keyring];
    const ran = await pulledWhile(args, mount, () => filesIn(action === 'export' ? join(mount, 'blobs') : school) > 20);
    assert.equal(ran.status, 1, ran.stderr);
    assert.match(ran.stderr, /went away; plug the stick in and run the same again/);
    assert.doesNotMatch(ran.stdout, /unplug/);
    assert.deepEqual(readdirSync(mount), [], 'nothing was written below the mount point');
    execFileSync('mount', ['-o', 'loop', image, mount]);
    await rippleOk(args);
  });

/** Runs `ripple …`, holds it once it is in the middle, pulls the stick out, and lets it go on. */
async function pulledWhile(args: readonly string[], mount: string, isInTheMiddle: () => boolean) {
  const child = spawn(process.execPath, [join(PROJECT_ROOT, 'bin/ripple'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  while (child.exitCode === null && !isInTheMiddle()) await sleep(1);
  child.kill('SIGSTOP');
  execFileSync('umount', ['-l', mount]);
  child.kill('SIGCONT');
  const status = await ended;
  return { status, stdout: out.join(''), stderr: err.join('') };
}

function filesIn(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
}
