/**
 * A little class on one machine and loopback only: a school server with versions 6 and 7, three neighbours of which one
 * has 7 already, and "this laptop", on 6, which never hears of the server: the neighbour with 7 is all it has.
 */
import { randomBytes } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../core/ports.ts';
import { systemClock } from '../daemon/daemon.ts';
import { installVersion } from '../daemon/install.ts';
import { type DemoBus, startDemoBus } from './private-bus.ts';
import { publishSample, type SamplePublication } from './publish-sample.ts';
import { type ConfigValue, VirtualLaptop } from './virtual-laptop.ts';

const PROJECT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
export const OLD_VERSION = 6;
export const NEW_VERSION = 7;

/** Slow enough that one can watch it come. */
const GIVE_BYTES_PER_SECOND = 500_000;
const LOOPBACK = { 'discovery.kind': 'bonjour', 'discovery.interfaces': ['127.0.0.1'] } as const;

export interface ClassroomOptions {
  readonly folder: string;
  /** The user's own trees, older first; a sample is made when there are none. */
  readonly trees?: readonly [string, string];
  /** Restart command of this laptop. */
  readonly restart: readonly string[];
  readonly say: (line: string) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export interface Classroom {
  readonly mine: VirtualLaptop;
  readonly bus: DemoBus;
  readonly server: VirtualLaptop;
  readonly publication: SamplePublication;
  stop(): Promise<void>;
}

interface Neighbour {
  readonly name: string;
  readonly colours: string;
  readonly version: number;
}

const NEIGHBOURS: readonly Neighbour[] = [
  { name: 'Ana', colours: '#005FE4,#FF8F00', version: NEW_VERSION },
  { name: 'Kofi', colours: '#807500,#00EA11', version: OLD_VERSION },
  { name: 'Mei', colours: '#A700FF,#FFFA00', version: OLD_VERSION },
];

export async function startClassroom(options: ClassroomOptions): Promise<Classroom> {
  const { folder, say, logger, signal } = options;
  // Two demos on one machine hear each other on loopback: each has an image of its own.
  const image = `sugar-${randomBytes(2).toString('hex')}`;
  const publication = await publishSample({
    folder,
    image,
    versions: [OLD_VERSION, NEW_VERSION],
    say,
    signal,
    ...(options.trees ? { trees: options.trees } : {}),
  });
  const keyring = join(folder, 'keyring.pgp');
  copyFileSync(join(publication.repository, 'keyring', '1.pgp'), keyring);

  const started: VirtualLaptop[] = [];
  const laptop = (name: string, config: Readonly<Record<string, ConfigValue>>): VirtualLaptop => {
    const one = new VirtualLaptop({
      folder: join(folder, name),
      config: { image, keyring, 'bus.address': 'none', 'check.minutes': 0, ...config },
    });
    started.push(one);
    return one;
  };
  const install = (target: VirtualLaptop, version: number): Promise<void> =>
    installVersion({
      sysroot: target.sysroot,
      repository: publication.repository,
      keyring,
      image,
      version,
      clock: systemClock,
      logger,
      signal,
    });

  let bus: DemoBus | undefined;
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((one) => one.stop()));
    bus?.process.kill();
  };
  try {
    say('Starting the school server');
    const server = laptop('school', { role: 'school', repository: publication.repository, 'discovery.kind': 'none' });
    await server.start();

    bus = await startDemoBus(join(folder, 'bus'), join(PROJECT, 'assets/dbus/org.laptop.Ripple1.conf'));
    say('Preparing four laptops');
    const mine = laptop('this-laptop', {
      ...LOOPBACK,
      'owner.name': 'Me',
      'owner.colours': '#BC1A8F,#008009',
      'bus.same_user': true,
      'bus.address': bus.address,
      'boot.restart': options.restart,
      'power.supplies': join(folder, 'no-battery'),
    });
    await install(mine, OLD_VERSION);
    await mine.start();
    for (const neighbour of NEIGHBOURS) {
      const one = laptop(neighbour.name.toLowerCase(), {
        ...LOOPBACK,
        'owner.name': neighbour.name,
        'owner.colours': neighbour.colours,
        'share.rate': GIVE_BYTES_PER_SECOND,
        // Only whoever was in the library today knows the server.
        ...(neighbour.version === NEW_VERSION ? { origins: [server.url] } : {}),
      });
      await install(one, OLD_VERSION);
      if (neighbour.version !== OLD_VERSION) await install(one, neighbour.version);
      await one.start();
      signal.throwIfAborted();
    }
    return { mine, bus, server, publication, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
