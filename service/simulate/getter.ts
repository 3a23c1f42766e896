/** One laptop that gets the version: it goes the way that `core/way.ts` names, again after each step, and stages what came. */
import type { BlobRef } from '../core/ports.ts';
import { isForming } from '../core/server-share.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import { nextWay, type Way } from '../core/way.ts';
import { askForBundle } from './bundle-asker.ts';
import type { Host } from './host.ts';
import { type Near, NOBODY } from './neighbourhood.ts';
import { PiecesTaker } from './pieces-taker.ts';
import type { Scene } from './scene.ts';

export interface GetterOptions {
  readonly host: Host;
  readonly scene: Scene;
  readonly ledger: SourceLedger;
  /** It is staged; by a bundle, that can be given on. */
  readonly staged: (byBundle: boolean) => void;
  /** Nobody is left who has it. */
  readonly gaveUp: () => void;
}

export class Getter {
  readonly #options: GetterOptions;
  #bundle: 'untried' | 'again' | 'over';
  #treeTried = false;
  #pieces: PiecesTaker | undefined;
  #isStopped = false;

  constructor(options: GetterOptions) {
    this.#options = options;
    this.#bundle = options.scene.options.policy === 'bundles' ? 'untried' : 'over';
  }

  start(): void {
    this.#go();
  }

  /** It closed, walked away or has to wait: what came is kept. */
  stop(): void {
    this.#isStopped = true;
    this.#pieces?.stop();
  }

  nearChanged(): void {
    if (!isAlone(this.#options.scene)) this.#pieces?.nearChanged();
  }

  #near(): Near {
    return nearOf(this.#options);
  }

  #go(): void {
    const { host, scene } = this.#options;
    const { update, policy } = scene.options;
    const rsync = policy === 'rsync' && !this.#treeTried;
    const { lackingIds, getting, sources } = this.#near();
    const way = nextWay({
      hasBase: true,
      manifestBytes: update.manifestBytes,
      treeBytes: update.treeBytes,
      missing: host.hasManifest ? this.#missing() : undefined,
      baseOf: () => undefined,
      bundle: this.#bundle,
      bundleBytesHere: 0,
      // Nobody publishes differences of single files here: a bundle has them all.
      diffsTried: true,
      classmates: lackingIds.length,
      repositories: 1,
      sources: rsync ? 0 : sources.length + getting.length,
      blobsFailed: false,
      trees: rsync ? 1 : 0,
    });
    this.#take(way);
  }

  #take(way: Way): void {
    switch (way.kind) {
      case 'manifest':
        this.#fetch([this.#options.scene.manifest]);
        return;
      case 'blobs':
        this.#fetch(this.#missing());
        return;
      case 'bundle':
        this.#takeBundle(way);
        return;
      case 'tree':
        this.#takeTree();
        return;
      case 'diffs':
      case 'done':
        this.#stage(false);
        return;
    }
  }

  #takeBundle(way: { readonly maxBytes: number; readonly patienceMs: number }): void {
    const { host, scene, ledger } = this.#options;
    askForBundle({
      ...way,
      self: host,
      scene,
      isProven: (id) => ledger.isProven(id),
      sources: () => this.#near().sources,
      isOver: () => this.#isStopped,
      over: (end) => {
        if (this.#isStopped) return;
        if (end === 'whole') return this.#stage(true);
        this.#bundle = end === 'again' && !host.hasManifest ? 'again' : 'over';
        this.#go();
      },
    });
  }

  #takeTree(): void {
    const { host, scene, gaveUp } = this.#options;
    scene.send({
      from: scene.server,
      to: host,
      bytes: scene.options.update.rsyncBytes,
      what: 'tree',
      done: () => {
        this.#treeTried = true;
        host.fill();
        if (!this.#isStopped) this.#go();
      },
      broke: () => {
        if (!this.#isStopped) gaveUp();
      },
    });
  }

  #fetch(wanted: readonly BlobRef[]): void {
    const { host, scene, ledger, gaveUp } = this.#options;
    const isManifest = wanted[0] === scene.manifest;
    const beganMs = scene.time.nowMs;
    const isEarly = (): boolean => isManifest || isForming(scene.time.nowMs - beganMs);
    this.#pieces = new PiecesTaker({
      self: host,
      scene,
      ledger,
      whole: () => this.#near().sources,
      partners: isAlone(scene)
        ? undefined
        : {
            getting: () => this.#near().getting,
            rivals: () => (isEarly() ? this.#near().lackingIds : this.#near().gettingIds),
          },
      wanted,
      took: ({ sha256 }) => {
        if (scene.isManifest(sha256)) host.gotManifest();
        else host.got(scene.indexOf(sha256));
      },
      over: (isWhole) => {
        this.#pieces = undefined;
        if (!isWhole) gaveUp();
        else if (isManifest) this.#go();
        else this.#stage(false);
      },
    });
    this.#pieces.start();
  }

  #missing(): readonly BlobRef[] {
    const { host, scene } = this.#options;
    return scene.refs.filter((_, index) => !host.has(index));
  }

  #stage(byBundle: boolean): void {
    const { host, scene, staged } = this.#options;
    const { machine, update } = scene.options;
    const content = byBundle ? machine.unpackSeconds : (machine.stageSecondsPerMegabyte * update.changedBytes) / 1e6;
    scene.work(host, machine.stageSeconds + content, () => {
      // Closed meanwhile: it begins again, with all of it here.
      if (byBundle) host.fill();
      if (!this.#isStopped) staged(byBundle);
    });
  }
}

/** Laptops do not give to each other by this policy. */
function isAlone({ options: { policy } }: Scene): boolean {
  return policy === 'server' || policy === 'rsync';
}

/** Whom it asks; where laptops do not give to each other, only the server. */
export function nearOf({ host, scene }: { readonly host: Host; readonly scene: Scene }): Near {
  if (!isAlone(scene)) return scene.neighbourhood.of(host);
  return scene.canHear(scene.server, host) ? scene.onlyServer : NOBODY;
}
