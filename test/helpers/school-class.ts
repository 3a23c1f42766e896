/**
 * A class: many real daemons, each with a sysroot of its own in a network namespace of its own, on one bridge, heard by
 * real mDNS; and a school server. The trees that all begin with share their bytes by hard links.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../service/daemon/daemon.ts';
import { installVersion } from '../../service/daemon/install.ts';
import { type ConfigValue, VirtualLaptop } from '../../service/demo/virtual-laptop.ts';
import { silentLogger } from './blobs.ts';
import { type Host, Network } from './namespaces.ts';
import type { Published } from './published.ts';

export const SCHOOL_ADDRESS = '10.88.0.250';
export const ROOM = 'room';
export const SHARE_PORT = 8517;

type Config = Readonly<Record<string, ConfigValue>>;

export interface Pupil {
  readonly name: string;
  readonly address: string;
  readonly host: Host;
  readonly laptop: VirtualLaptop;
}

export class SchoolClass {
  readonly folder: string;
  readonly published: Published;
  readonly network = new Network();
  readonly pupils: Pupil[] = [];
  #school: Pupil | undefined;

  constructor(folder: string, published: Published) {
    this.folder = folder;
    this.published = published;
    this.network.addBridge(ROOM);
  }

  /** The server, not started. */
  addSchool(config: Config = {}): Pupil {
    const common = { role: 'school', repository: this.published.repository, 'bundles.space': 0 };
    this.#school = this.#add('school', SCHOOL_ADDRESS, ROOM, { ...common, ...config });
    return this.#school;
  }

  /** A laptop with what `template` has, not started. */
  addPupil(name: string, number: number, template: string, config: Config = {}, bridge = ROOM): Pupil {
    const pupil = this.#add(name, `10.88.0.${number}`, bridge, {
      'owner.name': name,
      'fetch.automatic': true,
      'boot.restart': ['true'],
      'power.supplies': join(this.folder, 'no-battery'),
      'scrub.rate': 0,
      ...config,
    });
    copySysroot(template, pupil.laptop.sysroot);
    this.pupils.push(pupil);
    return pupil;
  }

  /** Versions onto a sysroot that others are copied from; answers its folder. */
  async template(...versions: readonly number[]): Promise<string> {
    const sysroot = join(this.folder, `template-${versions.join('-')}`);
    mkdirSync(join(sysroot, 'rootfs'), { recursive: true });
    const { repository, keyring, image } = this.published;
    const common = { sysroot, repository, keyring, image, clock: systemClock, logger: silentLogger };
    for (const version of versions) await installVersion({ ...common, version, signal: new AbortController().signal });
    return sysroot;
  }

  /** So many at a time; a machine of two cores starts no thirty programs at once. */
  async start(pupils: readonly Pupil[], atOnce = 4): Promise<void> {
    const left = [...pupils];
    const one = async (): Promise<void> => {
      for (let next = left.shift(); next; next = left.shift()) await next.laptop.start();
    };
    await Promise.all(Array.from({ length: atOnce }, one));
  }

  async stop(): Promise<void> {
    const all = [...this.pupils, ...(this.#school ? [this.#school] : [])];
    await Promise.all(all.map(({ laptop }) => laptop.stop('SIGKILL')));
    this.network.remove();
  }

  #add(name: string, address: string, bridge: string, config: Config): Pupil {
    const host = this.network.addHost(name, [{ bridge, address: `${address}/24` }]);
    const laptop = new VirtualLaptop({
      folder: join(this.folder, name),
      prefix: ['ip', 'netns', 'exec', host.netns],
      config: {
        image: this.published.image,
        keyring: this.published.keyring,
        'bus.address': 'none',
        'check.minutes': 0,
        'discovery.kind': 'bonjour',
        'discovery.interfaces': [address],
        'share.listen': [address],
        'share.port': SHARE_PORT,
        ...config,
      },
    });
    return { name, address, host, laptop };
  }
}

/** Trees by hard links, for nothing writes into one; what a laptop knows and is called, its own. */
export function copySysroot(template: string, sysroot: string, shared: 'links' | 'bytes' = 'links'): void {
  mkdirSync(sysroot, { recursive: true });
  for (const name of ['rootfs', 'ripple']) rmSync(join(sysroot, name), { recursive: true, force: true });
  execFileSync('cp', ['-a', ...(shared === 'links' ? ['--link'] : []), join(template, 'rootfs'), sysroot]);
  cpSync(join(template, 'ripple'), join(sysroot, 'ripple'), { recursive: true });
  rmSync(join(sysroot, 'ripple/state.json'), { force: true });
}

/** The version is here whole. */
export function isStaged({ laptop }: Pupil, image: string, version: number): boolean {
  return existsSync(join(laptop.sysroot, `rootfs/${image}.${version}`));
}

/** The version that the next start takes. */
export function chosen({ laptop }: Pupil): number {
  return Number(/\.(\d+)$/.exec(readlinkSync(join(laptop.sysroot, 'rootfs/boot/current')))?.[1]);
}

/** Blobs of an update that came so far. */
export function blobsHere({ laptop }: Pupil): number {
  const folder = join(laptop.sysroot, 'ripple/blobs');
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.endsWith('.part')).length : 0;
}

export function idOf({ laptop }: Pupil): string {
  return JSON.parse(readFileSync(join(laptop.sysroot, 'ripple/state.json'), 'utf8')).id;
}

export function logOf({ laptop }: Pupil): string {
  return readFileSync(laptop.logFile, 'utf8');
}
