/** A real avahi-daemon on a bus of its own, inside a host of a test network. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finished, Host } from './namespaces.ts';
import { type PrivateBus, startPrivateBus } from './private-bus.ts';

const POLICY = '/usr/share/dbus-1/system.d/avahi-dbus.conf';
/** It keeps its process id and a socket in fixed places, so each has a mount namespace with its own. */
const SCRIPT = 'mount -t tmpfs none /run/avahi-daemon && exec avahi-daemon "$@"';
const FOLDER = '/run/avahi-daemon';

export class AvahiHost {
  readonly host: Host;
  readonly bus: PrivateBus;
  #daemon: ChildProcess | undefined;

  private constructor(host: Host, bus: PrivateBus) {
    this.host = host;
    this.bus = bus;
  }

  /** A bus and, on it, an avahi-daemon that speaks on every interface of the host. */
  static async start(host: Host): Promise<AvahiHost> {
    const avahi = new AvahiHost(host, await startPrivateBus({ policyFiles: [POLICY] }));
    await writeFile(
      join(avahi.bus.folder, 'avahi.conf'),
      `[server]\nhost-name=${host.name}\nuse-ipv4=yes\nuse-ipv6=yes\nenable-dbus=yes\n[publish]\npublish-workstation=no\npublish-hinfo=no\n`,
    );
    await avahi.startDaemon();
    return avahi;
  }

  /** Resolves when it said that its start is complete. */
  async startDaemon(): Promise<void> {
    const args = ['-f', join(this.bus.folder, 'avahi.conf'), '--no-drop-root', '--no-chroot', '--no-rlimits'];
    const daemon = this.host.spawn(
      'unshare',
      ['--mount', 'sh', '-c', `mkdir -p ${FOLDER} && ${SCRIPT}`, 'sh', ...args],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: this.env,
      },
    );
    this.#daemon = daemon;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      daemon.stderr?.on('data', (text: Buffer) => {
        said = (said + text).slice(-20_000);
        if (said.includes('startup complete')) resolve();
      });
      daemon.once('close', () => reject(new Error(`avahi-daemon did not start: ${said}`)));
    });
  }

  async killDaemon(): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const closed = once(daemon, 'close');
    daemon.kill('SIGKILL');
    await closed;
  }

  async stop(): Promise<void> {
    await this.killDaemon();
    await this.bus.stop();
  }

  /** What `avahi-browse` prints of our services: `=;eth0;IPv4;name;type;domain;host;address;port;"txt" …`. */
  async browse(): Promise<readonly string[]> {
    const args = [`DBUS_SYSTEM_BUS_ADDRESS=${this.bus.address}`, 'avahi-browse', '-rptk', '_ripple._tcp'];
    const { stdout }: Finished = await this.host.run('env', args);
    return stdout.split('\n').filter((line) => line.startsWith('='));
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: this.bus.address };
  }
}
