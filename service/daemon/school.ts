/** A school server: gives the repository it holds, and says so. */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { asRippleError, RippleError } from '../api/errors.ts';
import type { Announcement, Clock, Discovery, Logger } from '../core/ports.ts';
import { SCHOOL_LINE } from '../core/waiting-line.ts';
import { createDiscovery } from '../discover/discovery.ts';
import { HttpSource } from '../fetch/http-source.ts';
import { OrderPost } from '../share/order-post.ts';
import { startShareServer } from '../share/server.ts';
import { FolderContent } from '../store/folder-content.ts';
import { Repository } from '../store/repository.ts';
import { makeFolder } from '../sys/durable.ts';
import { connectUpdater } from './bus-link.ts';
import type { Config } from './config.ts';
import type { RunningDaemon } from './running.ts';
import { SchoolBundles } from './school-bundles.ts';
import { SchoolMirror } from './school-mirror.ts';
import { SchoolOrders } from './school-orders.ts';
import { SchoolUpdater } from './school-updater.ts';
import { SchoolWaker } from './school-waker.ts';
import { UpstreamFollower } from './upstream-follower.ts';

/** How often the folder is looked at for new versions, which come there by any way: publish, rsync, a stick. */
const LOOK_MS = 30_000;
const RETRY_AFTER_SECONDS = 1;

export async function startSchool(config: Config, logger: Logger, clock: Clock): Promise<RunningDaemon> {
  if (config.schoolUpstream.length > 0) await makeRepository(config.repository);
  if (!existsSync(config.repository)) {
    throw new RippleError(
      'InvalidArgument',
      `there is no repository at ${config.repository}; make one: ripple publish TREE --repo ${config.repository} …`,
    );
  }
  if (config.shareListen.length === 0)
    throw new RippleError('InvalidArgument', 'share.listen is empty: a school server must listen somewhere');
  const repository = new Repository(config.repository);
  const published = new FolderContent(config.repository);
  const mirror = mirrorOf(repository, config, logger, clock);
  await mirror?.sweep();
  const bundles = bundlesOf(repository, published, config, logger, clock);
  await bundles?.refresh();
  const discovery =
    config.discoveryKind === 'none'
      ? undefined
      : createDiscovery({ kind: config.discoveryKind, interfaces: config.discoveryInterfaces, logger, clock });
  const orders = ordersOf(config, discovery, clock, logger);
  await orders?.start();
  const share = await startShareServer({
    host: config.shareListen,
    port: config.sharePort,
    content: bundles?.content ?? published,
    slots: config.shareSlots,
    line: SCHOOL_LINE,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    logger,
    ...(orders ? { orders: new OrderPost(config.image, (bytes) => orders.publish(bytes)) } : {}),
    ...(config.shareRateBytesPerSecond > 0 ? { rateBytesPerSecond: config.shareRateBytesPerSecond } : {}),
  });
  const id = orders?.id ?? randomBytes(8).toString('hex');
  const announcement = async (): Promise<Announcement> => ({
    id,
    image: config.image,
    version: Math.max(0, ...(await repository.versions(config.image))),
    held: 0,
    getting: 0,
    role: 'school',
    latestEpoch: 0,
    orderEpoch: orders?.keeper.epoch ?? 0,
    wentBackFrom: 0,
    follows: true,
    state: 'idle',
    progress: 0,
    name: config.ownerName,
    colours: config.ownerColours,
    port: share.port,
  });
  await discovery?.start(await announcement());
  const announce = async (): Promise<void> => discovery?.announce(await announcement());
  const unreadable = (error: unknown): void =>
    logger.warn('cannot read the repository', { message: asRippleError(error).message });
  const waker =
    discovery && config.wakeEnabled ? new SchoolWaker(config, repository, discovery, clock, logger) : undefined;
  await waker?.look();
  const look = async (): Promise<void> => {
    await bundles?.refresh();
    await orders?.look();
    await announce();
    await waker?.look();
  };
  const lookNow = (): void => {
    look().catch(unreadable);
  };
  const looking = setInterval(lookNow, LOOK_MS);
  const follower = mirror && followerOf(mirror, config, lookNow, logger);
  follower?.start();
  orders?.keeper.onChange(() => announce().catch(unreadable));
  discovery?.onChange(() => orders?.keeper.neighboursChanged());
  const bus = orders && (await busOf(config, orders, logger));
  return {
    url: share.url,
    onBusLost: () => {},
    stop: async () => {
      clearInterval(looking);
      await follower?.stop();
      bus?.close();
      await orders?.stop();
      await discovery?.stop();
      await share.close();
      await bundles?.stop();
    },
  };
}

/** A server without a keyring, or that may not write, gives what is published and takes no orders. */
function ordersOf(
  config: Config,
  discovery: Discovery | undefined,
  clock: Clock,
  logger: Logger,
): SchoolOrders | undefined {
  try {
    return new SchoolOrders(config, discovery, clock, logger);
  } catch (error) {
    logger.warn('takes no orders', { message: asRippleError(error).message });
    return undefined;
  }
}

/** A server may have no message bus; orders then come over the network, or from laptops. */
async function busOf(config: Config, { keeper, classroom }: SchoolOrders, logger: Logger) {
  if (config.busAddress === 'none') return undefined;
  try {
    return await connectUpdater(config, new SchoolUpdater(config.image, keeper), logger, classroom);
  } catch (error) {
    logger.warn('is not on the message bus', { message: asRippleError(error).message });
    return undefined;
  }
}

/** None where there is no room for them, or no writing: what is published is given all the same. */
function bundlesOf(
  repository: Repository,
  published: FolderContent,
  { bundleSpaceBytes }: Config,
  logger: Logger,
  clock: Clock,
): SchoolBundles | undefined {
  if (bundleSpaceBytes === 0) return undefined;
  try {
    return new SchoolBundles(repository, published, bundleSpaceBytes, clock, logger);
  } catch (error) {
    logger.warn('makes no bundles', { message: asRippleError(error).message });
    return undefined;
  }
}

async function makeRepository(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (error) {
    throw asRippleError(error);
  }
}

/** Without an upstream the folder is somebody else's, who puts into it and takes out of it. */
function mirrorOf(repository: Repository, config: Config, logger: Logger, clock: Clock): SchoolMirror | undefined {
  if (config.schoolUpstream.length === 0) return undefined;
  const { image, keyring, schoolKeep: keep, schoolSpaceBytes: spaceBytes } = config;
  return new SchoolMirror({ repository, image, keyring, keep, spaceBytes, clock, logger });
}

function followerOf(mirror: SchoolMirror, config: Config, onNews: () => void, logger: Logger): UpstreamFollower {
  const limits = { stallMs: config.fetchStallMs };
  const upstreams = config.schoolUpstream.map((url) => new HttpSource({ kind: 'origin', urls: [url], limits }));
  return new UpstreamFollower({ upstreams, mirroring: mirror, minutes: config.checkMinutes, onNews, logger });
}
