/**
 * The real udisksd on a private bus, in a mount namespace of its own. udev, which tells it what a device is, does not run there: its
 * database is written by hand, and says that one loop device is a memory card. What is mounted udisksd sees by itself. Needs root.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { connectBus } from '../../dbus/connection.ts';

/** Elsewhere where the package is only unpacked. */
const PROGRAM = process.env.RIPPLE_UDISKSD ?? '/usr/libexec/udisks2/udisksd';

/** Pass as `skip` of a test. */
export const udisksdMissing = !existsSync(PROGRAM)
  ? 'udisks2 is not installed: apt-get install udisks2'
  : process.getuid?.() === 0
    ? false
    : 'mounting needs root';

const FACTS = ['I:1', 'E:ID_FS_TYPE=ext4', 'E:ID_FS_USAGE=filesystem', 'E:ID_SERIAL=Card', 'E:ID_DRIVE_FLASH_SD=1'];
const START = `
mount --make-rprivate /
mount -t tmpfs none /run
mount -t tmpfs none /var/lib
mkdir -p /run/udev/data /run/udisks2 /var/lib/udisks2
printf '%s\\n' "$FACTS" > "/run/udev/data/b$DEVICE"
: > /run/udev/control
exec "$@"`;

export class Udisksd {
  /** Runs a program where its mounts are: `command` and what follows it. */
  readonly prefix: readonly string[];
  readonly #device: string;

  private constructor(daemon: ChildProcess, device: string) {
    this.prefix = ['nsenter', '--target', `${daemon.pid}`, '--mount'];
    this.#device = device;
  }

  /** With one card in, that is not mounted; `image` is the file with its ext4. Ends with the test. */
  static async start(t: Pick<TestContext, 'after'>, busAddress: string, image: string): Promise<Udisksd> {
    const device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim();
    t.after(() => execFileSync('losetup', ['--detach', device]));
    const { rdev } = statSync(device);
    const numbers = `${(rdev >> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >> 12) & 0xfff00)}`;
    const daemon = spawn('setpriv', ['--pdeathsig=TERM', 'unshare', '--mount', 'sh', '-euc', START, 'sh', PROGRAM], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: busAddress, FACTS: FACTS.join('\n'), DEVICE: numbers },
    });
    let said = '';
    daemon.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-10_000);
    });
    const closed = once(daemon, 'close');
    t.after(async () => {
      daemon.kill();
      await closed;
    });
    const bus = await connectBus(busAddress);
    t.after(() => bus.close());
    await new Promise<void>((resolve, reject) => {
      void closed.then(() => reject(new Error(`udisksd ended: ${said}`)));
      bus.watchName(
        'org.freedesktop.UDisks2',
        () => resolve(),
        () => {},
      );
    });
    return new Udisksd(daemon, device);
  }

  mount(folder: string): void {
    this.#run('mount', this.#device, folder);
  }
  unmount(folder: string): void {
    this.#run('umount', folder);
  }

  #run(...command: readonly string[]): void {
    const [program = '', ...args] = [...this.prefix, ...command];
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  }
}
