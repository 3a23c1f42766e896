/** Laptops in namespaces that wake each other, what each reports, and every packet on the bridge. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type WakeGroup, wakeGroup } from '../../service/core/wake-rules.ts';
import type { Release } from '../../service/image/documents.ts';
import { type Host, Network } from './namespaces.ts';
import { tempFolder } from './temp.ts';
import { keyringPayload, sign, signedRelease, type TestKey, testKey } from './trust.ts';
import { until } from './until.ts';
import type { WakeCommand, WakeReport } from './wake-agent.ts';

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'wake-agent.js');
const IMAGE = 'xo';
const PORT = 8517;

export interface Heard {
  readonly from: string;
  readonly to: string;
  readonly hops: number;
}

export class WakeClass {
  readonly network: Network;
  readonly folder: string;
  readonly #t: TestContext;
  readonly #key: TestKey;
  readonly #keyring: string;
  #hosts = 0;

  private constructor(t: TestContext, folder: string, key: TestKey, keyring: string) {
    this.#t = t;
    this.folder = folder;
    this.#key = key;
    this.#keyring = keyring;
    this.network = new Network();
    t.after(() => this.network.remove());
    this.network.addBridge('room');
  }

  static async make(t: TestContext): Promise<WakeClass> {
    const folder = tempFolder(t, 'wake');
    const key = await testKey('publisher');
    const keyring = join(folder, 'keyring.pgp');
    writeFileSync(keyring, await sign(keyringPayload(1, { root: { keys: [key.publicKey] } }), [key], 1));
    return new WakeClass(t, folder, key, keyring);
  }

  async addHost(name: string): Promise<Host> {
    this.#hosts += 1;
    const host = this.network.addHost(name, [{ bridge: 'room', address: `10.77.0.${this.#hosts}/24` }]);
    await untilSettled(host);
    return host;
  }

  async laptop(name: string, version: number): Promise<WakeLaptop> {
    const host = await this.addHost(name);
    const laptop = new WakeLaptop(host, { image: IMAGE, port: PORT, version, keyring: this.#keyring });
    this.#t.after(() => laptop.stop());
    await until(() => laptop.reports.some(({ is }) => is === 'ready'));
    return laptop;
  }

  /** A file with the signed release. */
  async release(change: Partial<Release>, key: TestKey = this.#key): Promise<string> {
    const file = join(this.folder, `release-${change.version}-${key.fingerprint.slice(-8)}`);
    writeFileSync(file, await signedRelease([key], 3, { image: IMAGE, ...change }));
    return file;
  }

  group(version: number): WakeGroup {
    return wakeGroup(IMAGE, version);
  }

  /** All wake-up packets on the bridge from now on, as tcpdump sees them. */
  async watch(): Promise<readonly Heard[]> {
    const heard: Heard[] = [];
    const host = await this.addHost('watcher');
    const tcpdump = host.spawn('tcpdump', ['-i', 'eth0', '-n', '-v', '-l', `udp port ${PORT}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#t.after(() => tcpdump.kill());
    let hops = 0;
    if (tcpdump.stdout)
      createInterface({ input: tcpdump.stdout }).on('line', (line) => {
        // IPv6 stands on one line, IPv4 on two.
        hops = Number(/(?:ttl|hlim) (\d+)/.exec(line)?.[1] ?? hops);
        const [, from, to] = /(\S+)\.\d+ > (\S+)\.\d+: /.exec(line) ?? [];
        if (from !== undefined && to !== undefined) heard.push({ from, to, hops });
      });
    await new Promise<void>((resolve) => tcpdump.stderr?.once('data', () => resolve()));
    return heard;
  }
}

export class WakeLaptop {
  readonly host: Host;
  readonly reports: WakeReport[] = [];
  readonly #child: ChildProcess;

  constructor(host: Host, options: object) {
    this.host = host;
    this.#child = host.spawn(process.execPath, [PROGRAM, JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#child.stdout)
      createInterface({ input: this.#child.stdout }).on('line', (line) => this.reports.push(JSON.parse(line)));
  }

  send(command: WakeCommand): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /** Versions that it was woken for, each as often as that happened. */
  get woken(): readonly number[] {
    return this.reports.flatMap((one) => (one.is === 'woken' ? [one.version] : []));
  }
  get checks(): number {
    return this.reports.filter(({ is }) => is === 'checking').length;
  }
  get log(): string {
    return this.reports.flatMap((one) => (one.is === 'log' ? [one.message] : [])).join('\n');
  }

  /** Datagrams that reached any socket of this host, by IPv4 and IPv6 together: nothing else here speaks UDP. */
  received(): number {
    const { stdout } = spawnSync('ip', ['netns', 'exec', this.host.netns, 'cat', '/proc/net/snmp', '/proc/net/snmp6'], {
      encoding: 'utf8',
    });
    const [, names = '', values = ''] = /^Udp: (\D.*)\nUdp: (.*)$/m.exec(stdout) ?? [];
    const ipv4 = Number(values.split(' ')[names.split(' ').indexOf('InDatagrams')]);
    return ipv4 + Number(/^Udp6InDatagrams\s+(\d+)/m.exec(stdout)?.[1]);
  }

  stop(): void {
    this.#child.kill();
  }
}

/** Its IPv6 address is looked for twice on the link before it may be used. */
async function untilSettled({ netns }: Host): Promise<void> {
  await until(() => {
    const { stdout } = spawnSync('ip', ['-n', netns, '-6', 'address', 'show', 'dev', 'eth0'], { encoding: 'utf8' });
    return /fe80::/.test(stdout) && !/tentative/.test(stdout);
  });
}
