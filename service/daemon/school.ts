/** A school server: gives the repository it holds, and says so. */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { asRippleError, RippleError } from '../api/errors.ts';
import type { Announcement, Clock, Logger } from '../core/ports.ts';
import { createDiscovery } from '../discover/discovery.ts';
import { HttpSource } from '../fetch/http-source.ts';
import { startShareServer } from '../share/server.ts';
import { FolderContent } from '../store/folder-content.ts';
import { Repository } from '../store/repository.ts';
import { makeFolder } from '../sys/durable.ts';
import type { Config } from './config.ts';
import type { RunningDaemon } from './running.ts';
import { SchoolBundles } from './school-bundles.ts';
import { SchoolMirror } from './school-mirror.ts';
import { UpstreamFollower } from './upstream-follower.ts';

/** How often the folder is looked at for new versions, which come there by any way: publish, rsync, a stick. */
const LOOK_MS = 30_000;
const RETRY_AFTER_SECONDS = 2;

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
  const share = await startShareServer({
    host: config.shareListen,
    port: config.sharePort,
    content: bundles?.content ?? published,
    slots: config.shareSlots,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    logger,
    ...(config.shareRateBytesPerSecond > 0 ? { rateBytesPerSecond: config.shareRateBytesPerSecond } : {}),
  });
  const id = randomBytes(8).toString('hex');
  const announcement = async (): Promise<Announcement> => ({
    id,
    image: config.image,
    version: Math.max(0, ...(await repository.versions(config.image))),
    held: 0,
    role: 'school',
    latestEpoch: 0,
    orderEpoch: 0,
    wentBackFrom: 0,
    follows: true,
    state: 'idle',
    progress: 0,
    name: config.ownerName,
    colours: config.ownerColours,
    port: share.port,
  });
  const discovery =
    config.discoveryKind === 'none'
      ? undefined
      : createDiscovery({ kind: config.discoveryKind, interfaces: config.discoveryInterfaces, logger, clock });
  await discovery?.start(await announcement());
  const lookNow = (): void => {
    const look = async (): Promise<Announcement> => {
      await bundles?.refresh();
      return announcement();
    };
    look().then(
      (told) => discovery?.announce(told),
      (error: unknown) => logger.warn('cannot read the repository', { message: String(error) }),
    );
  };
  const looking = setInterval(lookNow, LOOK_MS);
  const follower = mirror && followerOf(mirror, config, lookNow, logger);
  follower?.start();
  return {
    url: share.url,
    onBusLost: () => {},
    stop: async () => {
      clearInterval(looking);
      await follower?.stop();
      await discovery?.stop();
      await share.close();
      await bundles?.stop();
    },
  };
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
