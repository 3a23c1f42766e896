/**
 * A small network of its own for a test: bridges, and hosts that are network namespaces with veth cables to bridges.
 * Every part, the bridges too, lies in a namespace of its own, so nothing is seen of the machine's network and
 * nothing shows there. Needs root. What one process made goes when it ends; what a killed one left goes with the next.
 */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { ip, PREFIX, removeNamespace, removeOrphans } from './netns.ts';

export interface InterfaceSpec {
  /** Name of a bridge made before. */
  readonly bridge: string;
  /** With the length of the prefix, e.g. `10.77.0.1/24`. */
  readonly address: string;
}

export interface Finished {
  /** Exit status; `null` when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let networks = 0;
const present = new Set<Network>();

export class Network {
  readonly #prefix: string;
  readonly #switch: string;
  readonly #bridges = new Set<string>();
  readonly #hosts = new Map<string, Host>();
  /** Of each host, the bridge's end of its last cable. */
  readonly #ports = new Map<Host, string>();
  #cables = 0;

  constructor() {
    if (present.size === 0) removeOrphans();
    this.#prefix = `${PREFIX}-${process.pid}-${networks++}`;
    this.#switch = `${this.#prefix}-switch`;
    present.add(this);
    ip('netns', 'add', this.#switch);
    ip('-n', this.#switch, 'link', 'set', 'lo', 'up');
  }

  /** A bridge forwards between everybody on it, multicast too. */
  addBridge(name: string): void {
    const device = ['dev', name];
    ip('-n', this.#switch, 'link', 'add', name, 'type', 'bridge', 'mcast_snooping', '0', 'forward_delay', '0');
    ip('-n', this.#switch, 'link', 'set', ...device, 'up');
    this.#bridges.add(name);
  }

  /** A host whose interfaces are called eth0, eth1, … in the order given. */
  addHost(name: string, interfaces: readonly InterfaceSpec[]): Host {
    const netns = `${this.#prefix}-${name}`;
    ip('netns', 'add', netns);
    const host = new Host(name, netns);
    this.#hosts.set(name, host);
    ip('-n', netns, 'link', 'set', 'lo', 'up');
    for (const one of interfaces) this.plug(host, one);
    return host;
  }

  /** Gives the host one more interface, and its name. */
  plug(host: Host, { bridge, address }: InterfaceSpec): string {
    if (!this.#bridges.has(bridge)) throw new Error(`no bridge ${bridge} in this network`);
    const port = `port${this.#cables++}`;
    const name = host.nextInterface();
    const far = ['peer', 'name', name, 'netns', host.netns];
    ip('link', 'add', port, 'netns', this.#switch, 'type', 'veth', ...far);
    ip('-n', this.#switch, 'link', 'set', 'dev', port, 'master', bridge, 'up');
    this.#ports.set(host, port);
    ip('-n', host.netns, 'address', 'add', address, 'dev', name);
    ip('-n', host.netns, 'link', 'set', 'dev', name, 'up');
    return name;
  }

  /** The host walks to another room: its last cable goes to another bridge, its address stays. */
  move(host: Host, bridge: string): void {
    host.setLink(host.lastInterface, false);
    ip('-n', this.#switch, 'link', 'set', 'dev', this.#port(host), 'master', bridge);
    host.setLink(host.lastInterface, true);
  }

  /** Both ways of the host's last cable carry so many bits a second; 0: as many as they can. */
  shape(host: Host, bitsPerSecond: number): void {
    for (const [netns, device] of [
      [host.netns, host.lastInterface],
      [this.#switch, this.#port(host)],
    ] as const) {
      const tc = (...args: readonly string[]): void => {
        execFileSync('tc', ['-n', netns, 'qdisc', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
      };
      const cap = ['rate', `${bitsPerSecond}bit`, 'burst', '32kb', 'latency', '400ms'];
      if (bitsPerSecond > 0) tc('replace', 'dev', device, 'root', 'tbf', ...cap);
      else tc('del', 'dev', device, 'root');
    }
  }

  /** Starts a program beside the bridges, where every packet of every room passes. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return spawn('ip', ['netns', 'exec', this.#switch, command, ...args], options);
  }

  #port(host: Host): string {
    const port = this.#ports.get(host);
    if (port === undefined) throw new Error(`${host.name} has no cable`);
    return port;
  }

  /** Ends every process inside and removes all of it. May be called again. */
  remove(): void {
    if (!present.delete(this)) return;
    for (const host of this.#hosts.values()) removeNamespace(host.netns);
    removeNamespace(this.#switch);
  }
}

/** Made by `Network.addHost`. */
export class Host {
  readonly name: string;
  /** As `ip netns` knows it. */
  readonly netns: string;
  #interfaces = 0;

  constructor(name: string, netns: string) {
    this.name = name;
    this.netns = netns;
  }

  nextInterface(): string {
    return `eth${this.#interfaces++}`;
  }

  get lastInterface(): string {
    return `eth${this.#interfaces - 1}`;
  }

  /** Nothing goes to this address (or prefix, with its length) any more, as when a wall is between the two. */
  wallOff(address: string): void {
    ip('-n', this.netns, 'route', 'add', 'blackhole', address);
  }

  /** Bytes that the interface sent so far, by the kernel's count. */
  sentBytes(name = 'eth0'): number {
    const text = execFileSync('ip', ['netns', 'exec', this.netns, 'cat', '/proc/net/dev'], { encoding: 'utf8' });
    const line = text.split('\n').find((one) => one.trim().startsWith(`${name}:`)) ?? '';
    const fields = line
      .slice(line.indexOf(':') + 1)
      .trim()
      .split(/\s+/);
    return Number(fields[8]);
  }

  /** Starts a program inside; it becomes the program itself, so a signal to the child reaches it. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return spawn('ip', ['netns', 'exec', this.netns, command, ...args], options);
  }

  /** Runs a program inside to its end, or kills it after `timeoutMs`. */
  async run(command: string, args: readonly string[], timeoutMs = 60_000): Promise<Finished> {
    const child = this.spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve({ status, stdout, stderr }));
    });
  }

  /** Takes the interface away from the network, as when a cable is pulled, or back. */
  setLink(name: string, up: boolean): void {
    ip('-n', this.netns, 'link', 'set', 'dev', name, up ? 'up' : 'down');
  }

  /** Removes the interface altogether, as when an adapter is unplugged. */
  unplug(name: string): void {
    ip('-n', this.netns, 'link', 'delete', 'dev', name);
  }

  /** Replaces the address of an interface. */
  setAddress(name: string, address: string): void {
    ip('-n', this.netns, 'address', 'flush', 'dev', name, 'scope', 'global');
    ip('-n', this.netns, 'address', 'add', address, 'dev', name);
  }
}

function removeAll(): void {
  for (const network of present) network.remove();
}
process.on('exit', removeAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    removeAll();
    process.kill(process.pid, signal);
  });
