/** One laptop that lacks the version: when it looks, which way it goes, what it has at the end. It decides by the daemon's own functions. */
import { hintedLookMs, ownLookMs } from '../core/look-rules.ts';
import type { BlobRef } from '../core/ports.ts';
import { isForming } from '../core/server-share.ts';
import { SourceLedger } from '../core/source-ledger.ts';
import { nextWay, type Way } from '../core/way.ts';
import { askForBundle } from './bundle-asker.ts';
import type { Host } from './host.ts';
import { type Near, NOBODY } from './neighbourhood.ts';
import { PiecesTaker } from './pieces-taker.ts';
import type { Scene } from './scene.ts';

/** The default of `check.minutes`. */
const LOOK_MINUTES = 360;
/** From the end of a look to the fetch, as the scheduler has it. */
const TAKE_UP_MS = 100;
/** A neighbour's new record reaches the others: what the announcer holds back, and mDNS itself. */
const ANNOUNCE_MS = [200, 1200] as const;

export class SimLaptop {
  readonly host: Host;
  readonly #scene: Scene;
  readonly #hasIt: () => void;
  /** Those near are told that it has more than before. */
  readonly #changed: () => void;
  readonly #ledger = new SourceLedger();
  #state: 'old' | 'looking' | 'getting' | 'has' = 'old';
  #lastLookMs = Number.NEGATIVE_INFINITY;
  #isLookPlanned = false;
  #bundle: 'untried' | 'again' | 'over';
  #treeTried = false;
  #pieces: PiecesTaker | undefined;
  /** Grows with each opening and closing: what was begun before is not gone on with. */
  #turn = 0;

  /** @param hasIt called when the version is staged; @param changed when neighbours hear something new of it */
  constructor(host: Host, scene: Scene, hasIt: () => void, changed: () => void) {
    this.host = host;
    this.#scene = scene;
    this.#hasIt = hasIt;
    this.#changed = changed;
    this.#bundle = scene.options.policy === 'bundles' ? 'untried' : 'over';
    this.#lookByItself();
  }

  get has(): boolean {
    return this.#state === 'has';
  }

  /** It opens somewhere else, or closes. */
  move(spot: Host['spot']): void {
    this.#turn += 1;
    this.#pieces?.stop();
    this.#pieces = undefined;
    if (this.#state !== 'has') this.#state = 'old';
    if (this.host.standing === 'getting') this.host.standing = 'lacking';
    this.#scene.move(this.host, spot);
    if (!spot) return;
    if (this.#state === 'has') this.#changed();
    this.heard();
  }

  /** Somebody near may have something new. */
  heard(): void {
    const { time, options } = this.#scene;
    if (!this.#isAlone()) this.#pieces?.nearChanged();
    if (this.#state !== 'old' || this.#isLookPlanned || !this.host.spot || !this.#isNewNear()) return;
    this.#isLookPlanned = true;
    const toldMs = options.random.between(...ANNOUNCE_MS);
    time.in(toldMs + hintedLookMs(this.#lastLookMs, time.nowMs + toldMs), () => {
      this.#isLookPlanned = false;
      this.look();
    });
  }

  look(): void {
    const { machine } = this.#scene.options;
    if (this.#state !== 'old' || !this.host.spot) return;
    this.#lastLookMs = this.#scene.time.nowMs;
    if (!this.#isNewNear()) return;
    this.#state = 'looking';
    const turn = this.#turn;
    this.#scene.work(this.host, machine.lookSeconds, () => {
      this.#scene.time.in(TAKE_UP_MS, () => {
        if (turn !== this.#turn) return;
        this.#state = 'getting';
        this.host.standing = 'getting';
        this.#changed();
        this.#go();
      });
    });
  }

  #lookByItself(): void {
    const { time, options } = this.#scene;
    time.in(ownLookMs(LOOK_MINUTES, options.random.next()), () => {
      this.look();
      if (!this.has) this.#lookByItself();
    });
  }

  #isAlone(): boolean {
    const { policy } = this.#scene.options;
    return policy === 'server' || policy === 'rsync';
  }

  #near(): Near {
    return this.#isAlone() ? NOBODY : this.#scene.neighbourhood.of(this.host);
  }

  /** Neighbours, and the server. */
  #whole(): readonly Host[] {
    const { server } = this.#scene;
    const { whole } = this.#near();
    return this.#scene.canHear(server, this.host) ? [...whole, server] : whole;
  }

  #isNewNear(): boolean {
    const { whole, getting } = this.#near();
    return whole.length > 0 || getting.length > 0 || this.#scene.canHear(this.#scene.server, this.host);
  }

  #go(): void {
    const { options } = this.#scene;
    const { update } = options;
    const { host } = this;
    const missing = this.#missing();
    const rsync = options.policy === 'rsync' && !this.#treeTried;
    const way = nextWay({
      hasBase: true,
      manifestBytes: update.manifestBytes,
      treeBytes: update.treeBytes,
      missing: host.hasManifest ? missing : undefined,
      baseOf: () => undefined,
      bundle: this.#bundle,
      bundleBytesHere: 0,
      // Nobody publishes differences of single files here: a bundle has them all.
      diffsTried: true,
      classmates: this.#near().lackingIds.length,
      repositories: 1,
      sources: rsync ? 0 : this.#whole().length + this.#near().getting.length,
      blobsFailed: false,
      trees: rsync ? 1 : 0,
    });
    this.#take(way);
  }

  #take(way: Way): void {
    const turn = this.#turn;
    const goOn = (change: () => void) => (): void => {
      if (turn !== this.#turn) return;
      change();
      this.#go();
    };
    switch (way.kind) {
      case 'manifest':
        this.#fetch([this.#scene.manifest]);
        return;
      case 'blobs':
        this.#fetch(this.#missing());
        return;
      case 'bundle':
        askForBundle({
          ...way,
          self: this.host,
          scene: this.#scene,
          isProven: (id) => this.#ledger.isProven(id),
          sources: () => this.#whole(),
          isOver: () => turn !== this.#turn,
          over: (end) => {
            if (turn !== this.#turn) return;
            if (end === 'whole') return this.#stage(true);
            this.#bundle = end === 'again' && !this.host.hasManifest ? 'again' : 'over';
            this.#go();
          },
        });
        return;
      case 'tree':
        this.#scene.send({
          from: this.#scene.server,
          to: this.host,
          bytes: this.#scene.options.update.rsyncBytes,
          done: goOn(() => {
            this.#treeTried = true;
            this.host.fill();
          }),
          broke: () => {
            if (turn === this.#turn) this.#giveUp();
          },
        });
        return;
      case 'diffs':
      case 'done':
        this.#stage(false);
        return;
    }
  }

  #fetch(wanted: readonly BlobRef[]): void {
    const { host } = this;
    const scene = this.#scene;
    const isManifest = wanted[0] === scene.manifest;
    const beganMs = scene.time.nowMs;
    const isEarly = (): boolean => isManifest || isForming(scene.time.nowMs - beganMs);
    this.#pieces = new PiecesTaker({
      self: host,
      scene,
      ledger: this.#ledger,
      whole: () => this.#whole(),
      partners: this.#isAlone()
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
        if (!isWhole) this.#giveUp();
        else if (isManifest) this.#go();
        else this.#stage(false);
      },
    });
    this.#pieces.start();
  }

  #missing(): readonly BlobRef[] {
    return this.#scene.refs.filter((_, index) => !this.host.has(index));
  }

  /** Nobody is left who has it: the next who comes by causes the next look. */
  #giveUp(): void {
    this.#state = 'old';
    this.host.standing = 'lacking';
    this.#changed();
    this.heard();
  }

  #stage(byBundle: boolean): void {
    const { machine, update } = this.#scene.options;
    const turn = this.#turn;
    const content = byBundle ? machine.unpackSeconds : (machine.stageSecondsPerMegabyte * update.changedBytes) / 1e6;
    this.#scene.work(this.host, machine.stageSeconds + content, () => {
      // Closed meanwhile: it begins again, with all of it here.
      if (byBundle) this.host.fill();
      if (turn !== this.#turn) return;
      this.#state = 'has';
      this.host.standing = 'whole';
      this.host.hasBundle = byBundle;
      this.#hasIt();
      this.#changed();
    });
  }
}
