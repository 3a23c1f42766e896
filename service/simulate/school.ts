/** One school: a server that has the version at second 0, and its laptops, until all have it or the time is over. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RippleError } from '../api/errors.ts';
import { SCHOOL_LINE } from '../core/waiting-line.ts';
import { lookDelayMs } from '../core/wake-rules.ts';
import type { Links, Machine, Policy, Run, Update } from './figures.ts';
import { Host } from './host.ts';
import { SimLaptop } from './laptop.ts';
import { Random } from './random.ts';
import { Scene } from './scene.ts';
import { shared } from './shared.ts';
import { wakeUp } from './wake.ts';
import type { World } from './world.ts';

export interface SchoolRunOptions {
  readonly policy: Policy;
  readonly update: Update;
  readonly links: Links;
  readonly machine: Machine;
  readonly severity: 'normal' | 'critical';
  readonly world: World;
  readonly seed: number;
  /** The update's files are put together to at most so many. */
  readonly mostPieces: number;
  /** All of one size. */
  readonly evenPieces?: boolean;
  /** Upload slots of each; the defaults of `share.slots`. */
  readonly slots: number;
  /** See `SceneOptions`. */
  readonly quantumSeconds: number;
  readonly signal?: AbortSignal;
  /** Called after each step of time. */
  readonly watch?: (scene: Scene, laptops: readonly Host[]) => void;
  readonly onProgress?: (has: number, laptops: number, seconds: number) => void;
}

/** As the daemon says it. */
const RETRY_AFTER_MS = 1000;
const STEPS_IN_A_TURN = 512;

/** @throws RippleError `Cancelled` */
export async function runSchool(options: SchoolRunOptions): Promise<Run> {
  const random = new Random(options.seed);
  const pieces = piecesOf(options.update, options.mostPieces, options.evenPieces ? 0 : SPREAD, random);
  const { policy, links, world, machine } = options;
  const cores = machine.sharedCores > 0 ? shared('cores', machine.sharedCores) : undefined;
  const hostOf = (id: string, kind: 'peer' | 'school', bytesPerSecond: number): Host =>
    new Host({
      id,
      kind,
      slots: options.slots,
      retryAfterMs: RETRY_AFTER_MS,
      ...(kind === 'school' ? { line: SCHOOL_LINE } : {}),
      link: shared(id, bytesPerSecond),
      processor: cores ?? shared(`processor of ${id}`, 1),
      pieces: pieces.length,
      rateBytesPerSecond: 0,
    });
  const server = hostOf('school', 'school', links.serverBytesPerSecond);
  server.fill();
  server.standing = 'whole';
  server.hasBundle = policy === 'bundles';
  const scene = new Scene({ ...options, pieces, random }, server);
  const hasAt: number[] = [];
  const byHost = new Map<Host, SimLaptop>();
  const laptops: SimLaptop[] = world.stays.map((stays, index) => {
    const host = hostOf(`laptop ${index}`, 'peer', links.laptopBytesPerSecond);
    const laptop = new SimLaptop({
      host,
      scene,
      charge: world.charges?.[index],
      hasIt: () => hasAt.push(scene.time.nowMs / 1000),
      changed: () => {
        scene.neighbourhood.changed(host);
        for (const other of scene.neighbourhood.near(host)) byHost.get(other)?.heard();
      },
    });
    byHost.set(host, laptop);
    for (const stay of stays) scene.time.in(stay.atSeconds * 1000, () => laptop.move(stay));
    return laptop;
  });
  let wakePackets = 0;
  scene.time.in(world.wakeAtSeconds * 1000, () => {
    wakePackets = wakeAll(scene, laptops, options.severity);
  });
  const { time, flows } = scene;
  const hosts = laptops.map(({ host }) => host);
  for (let step = 1; hasAt.length < laptops.length; step++) {
    const nextMs = Math.min(time.nextMs ?? Number.POSITIVE_INFINITY, flows.nextAt * 1000);
    if (nextMs >= world.endSeconds * 1000) break;
    time.advanceTo(nextMs);
    flows.pass();
    options.watch?.(scene, hosts);
    if (step % STEPS_IN_A_TURN !== 0) continue;
    options.onProgress?.(hasAt.length, laptops.length, time.nowMs / 1000);
    await nextTurn();
    if (options.signal?.aborted) throw new RippleError('Cancelled', 'stopped');
  }
  flows.settle();
  const busy = world.air.map(({ busySeconds }) => busySeconds);
  return {
    policy,
    laptops: laptops.length,
    hasAt,
    weight: 1,
    serverBytes: server.givenBytes,
    peerBytes: laptops.reduce((sum, { host }) => sum + host.givenBytes, 0),
    takenBytes: scene.takenBytes,
    uplinkBytes: uplinkBytes(policy, options.update),
    airSeconds: busy.reduce((sum, one) => sum + one, 0),
    busiestAirSeconds: busy.reduce((most, one) => Math.max(most, one), 0),
    wakePackets,
    waitedForPower: laptops.filter(({ waited }) => waited).length,
    endSeconds: time.nowMs / 1000,
  };
}

/** What the school server itself took once: the way that it offers. */
export function uplinkBytes(policy: Policy, update: Update): number {
  if (policy === 'bundles') return update.bundleBytes;
  return policy === 'rsync' ? update.rsyncBytes : update.manifestBytes + update.changedBytes;
}

/** Says how many packets it took. */
function wakeAll(scene: Scene, laptops: readonly SimLaptop[], severity: 'normal' | 'critical'): number {
  const { time, options } = scene;
  const listening = laptops.filter((laptop) => !laptop.has && scene.canHear(scene.server, laptop.host));
  const { packets, heardMs } = wakeUp(listening.length, options.random);
  for (const [index, laptop] of listening.entries()) {
    const afterMs = heardMs[index];
    if (afterMs !== undefined) time.in(afterMs + lookDelayMs(severity, options.random.next()), () => laptop.look());
  }
  return packets;
}

/** Of the logarithm of a file's size. */
const SPREAD = 1.8;

/** Sizes as files have them: many small ones, few large ones (log-normal; Downey, MASCOTS 2001), which add up to what changed. */
export function piecesOf(
  { changedBytes, changedFiles }: Update,
  most: number,
  spread: number,
  random: Random,
): number[] {
  const count = Math.max(1, Math.min(changedFiles, most));
  const weights = Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    return Math.exp(spread * normal);
  });
  const sum = weights.reduce((total, one) => total + one, 0);
  return weights.map((weight) => Math.max(1, Math.round((changedBytes * weight) / sum)));
}
