/** What a laptop finds that is switched on again after a power cut: recovered as it recovers itself, and looked at. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asRippleError } from '../../service/api/errors.ts';
import { parseConfig } from '../../service/daemon/config.ts';
import { systemClock } from '../../service/daemon/daemon.ts';
import { startLaptop } from '../../service/daemon/laptop.ts';
import { VirtualLaptop } from '../../service/demo/virtual-laptop.ts';
import { type BootConfig, readBootConfig } from '../../service/deploy/boot-config.ts';
import { readBooted } from '../../service/deploy/booted.ts';
import { deploymentName, Layout } from '../../service/deploy/layout.ts';
import { deploymentsIn, recover } from '../../service/deploy/recover.ts';
import { repairDeployment } from '../../service/deploy/repair.ts';
import { type Damage, verifyDeployment } from '../../service/deploy/verify.ts';
import { silentLogger } from '../helpers/blobs.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { manifestOf } from '../helpers/published.ts';
import { type Prepared, type Promised, VICTIM } from './story.ts';

/** `process`: `ripple daemon` is started; `function`: what it calls is called in this process, which is warm. */
export type Starter = 'function' | 'process';

const BOOT_SCRIPT = join(PROJECT_ROOT, 'assets/boot/ripple-boot');
const IMAGE = 'xo';
/** `{}` and the end of the line: nothing was said of what is new. All versions have the same. */
const NOTES_BYTES = 3;

export class Judge {
  readonly #story: Prepared;
  readonly #folder: string;
  readonly #layout: Layout;
  readonly #config: string;

  /** The disk is to be mounted at `mountPoint`. */
  constructor(story: Prepared, folder: string) {
    this.#story = story;
    this.#folder = folder;
    this.#layout = new Layout(join(folder, 'sysroot'));
    mkdirSync(join(folder, 'run'), { recursive: true });
    mkdirSync(join(folder, 'bin'), { recursive: true });
    mkdirSync(this.#layout.sysroot, { recursive: true });
    // The boot script flushes every disk of the machine: not those of the people who work here meanwhile.
    writeFileSync(join(folder, 'bin/sync'), `#!/bin/sh\nexec /bin/sync -f '${this.#layout.sysroot}'\n`);
    chmodSync(join(folder, 'bin/sync'), 0o755);
    this.#config = Object.entries(this.#settings())
      .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
      .join('');
  }

  get mountPoint(): string {
    return this.#layout.sysroot;
  }

  /** Answers what is wrong; '' when all is well. `last` was promised before the cut, `next` was under way. */
  async judge(last: Promised, next: Promised, starter: Starter): Promise<string> {
    try {
      const before = readBootConfig(this.#layout);
      const wrong = this.#pointer(before, last, next);
      if (wrong) return wrong;
      rmSync(join(this.#folder, 'run/booted'), { force: true });
      if (starter === 'process') await this.#startProcess();
      else await this.#startHere();
      const booted = readBooted(join(this.#folder, 'run/booted'));
      if (
        booted?.reason !== 'normal' ||
        deploymentName(booted.deployment) !== (before && deploymentName(before.current))
      )
        return `started ${booted && deploymentName(booted.deployment)} (${booted?.reason})`;
      const after = readBootConfig(this.#layout);
      if (after === undefined || after.triesLeft !== undefined) return 'running, but not blessed';
      return (
        this.#pointer(after, last, next) ||
        this.#names(after, last, next) ||
        this.#leftovers(last.damaged || next.damaged) ||
        (await this.#trees(last, next)) ||
        this.#remembered(last) ||
        (starter === 'process' ? this.#outsideJudge(after, last, next) : '') ||
        (await this.#again(after))
      );
    } catch (error) {
      return `failed: ${asRippleError(error).message}`;
    }
  }

  #settings() {
    return {
      image: IMAGE,
      sysroot: this.#layout.sysroot,
      keyring: this.#story.published.keyring,
      'bus.address': 'none',
      'discovery.kind': 'none',
      'share.listen': [],
      'check.minutes': 0,
      'boot.marker': join(this.#folder, 'run/booted'),
      'boot.restart': ['true'],
      'power.supplies': join(this.#folder, 'no-battery'),
    };
  }

  async #startHere(): Promise<void> {
    const env = { ...process.env, PATH: `${this.#folder}/bin:${process.env.PATH}` };
    const args = [BOOT_SCRIPT, '--sysroot', this.#layout.sysroot, '--run', join(this.#folder, 'run')];
    const boot = spawnSync('sh', args, { encoding: 'utf8', env });
    if (boot.status !== 0) throw new Error(`the boot script: ${boot.stderr.trim()}`);
    const daemon = await startLaptop(parseConfig(this.#config, 'test'), silentLogger, systemClock);
    await daemon.stop();
  }

  async #startProcess(): Promise<void> {
    const laptop = new VirtualLaptop({ folder: this.#folder, config: this.#settings() });
    await laptop.start();
    await laptop.stop();
  }

  #pointer(config: BootConfig | undefined, last: Promised, next: Promised): string {
    if (config === undefined) return 'there is no pointer';
    const found = [config.current.version, config.previous?.version ?? 0].join();
    if (![last, next].some(({ current, previous }) => [current, previous].join() === found))
      return `current,previous are ${found}, promised ${last.current},${last.previous}`;
    if (last.blessed && config.current.version === last.current && config.triesLeft !== undefined && next.blessed)
      return `${last.current} was blessed, ${config.triesLeft} tries are there`;
    return '';
  }

  /** Nothing missing, nothing left over. */
  #names(config: BootConfig, last: Promised, next: Promised): string {
    const versions = [config.current.version, config.previous?.version ?? 0].filter((version) => version > 0);
    // What was staged stays so until it is chosen.
    if (last.staged > 0 && !versions.includes(last.staged)) versions.push(last.staged);
    const maybe = next.staged;
    const wanted = [
      'boot',
      `config.${config.number}`,
      'current',
      'previous',
      ...versions.map((one) => `${IMAGE}.${one}`),
    ];
    const found = readdirSync(this.#layout.rootfs);
    const missing = wanted.filter((name) => !found.includes(name));
    const extra = found.filter((name) => !wanted.includes(name) && name !== `${IMAGE}.${maybe}`);
    if (missing.length > 0) return `missing: ${missing.join(' ')}`;
    if (extra.length > 0) return `left over: ${extra.join(' ')}`;
    const present = deploymentsIn(this.#layout).map(deploymentName);
    for (const name of present)
      for (const file of [join(this.#layout.manifests, name), join(this.#layout.releases, `${name}.pgp`)])
        if (!existsSync(file)) return `missing: ${file}`;
    return '';
  }

  #leftovers(isRepairing: boolean): string {
    const present = deploymentsIn(this.#layout).map(deploymentName);
    const { state, blobs, manifests, releases } = this.#layout;
    const goal: unknown = JSON.parse(readFileSync(this.#layout.stateFile, 'utf8')).goal;
    const known = new Set([...present, `${IMAGE}.${goal}`]);
    const names = readdirSync(state, { recursive: true, encoding: 'utf8' });
    const halves = names.filter((name) => /\.new$|^repair|^\.|unpacked\/./.test(name));
    if (halves.length > 0) return `left over: ripple/${halves.join(' ripple/')}`;
    for (const [folder, ending] of [
      [manifests, ''],
      [releases, '.pgp'],
    ] as const)
      for (const name of readdirSync(folder))
        if (!known.has(name.slice(0, name.length - ending.length))) return `left over: ${folder}/${name}`;
    // Notes are all that stays when nothing is being fetched; what was fetched for a repair waits for the next one.
    const bytes = readdirSync(blobs).reduce((sum, name) => sum + statSync(join(blobs, name)).size, 0);
    if (goal === 0 && !isRepairing && bytes > NOTES_BYTES)
      return `left over: ${bytes} bytes of blobs, and nothing is being fetched`;
    return '';
  }

  /** Every deployment here, byte for byte. */
  async #trees(last: Promised, next: Promised): Promise<string> {
    const excused = last.damaged || next.damaged;
    for (const deployment of deploymentsIn(this.#layout)) {
      const manifest = this.#story.manifests.get(deployment.version) ?? [];
      const { damaged } = await verifyDeployment(this.#layout.deployment(deployment), manifest);
      const bad = damaged.filter((one) => !(excused && this.#isExcused(one)));
      if (bad[0]) return `${deploymentName(deployment)}: ${bad[0].path} ${bad[0].reason} (${bad.length})`;
      if (excused && damaged.length > 0) await this.#repair(deployment.version, damaged);
    }
    if (excused) return this.#trees({ ...last, damaged: false }, { ...next, damaged: false });
    return '';
  }

  /** The file that was damaged on purpose, and the folder in which it was being replaced. */
  #isExcused({ path, reason }: Damage): boolean {
    return path === VICTIM || (reason === 'time' && VICTIM.startsWith(`${path}/`));
  }

  async #repair(version: number, damaged: readonly Damage[]): Promise<void> {
    const tree = (one: number) => ({
      deployment: { image: IMAGE, version: one },
      manifest: this.#story.manifests.get(one) ?? [],
    });
    const others = deploymentsIn(this.#layout)
      .filter((one) => one.version !== version)
      .map((one) => tree(one.version));
    const fetchBlob = async ({ sha256 }: { readonly sha256: string }) =>
      join(this.#story.published.repository, 'blobs', sha256);
    const { failed } = await repairDeployment(this.#layout, { tree: tree(version), damaged, others, fetchBlob });
    if (failed[0]) throw failed[0].error;
  }

  /** What a person decided is not forgotten: a version that was gone back from is not offered again. */
  #remembered({ shunned }: Promised): string {
    const state: { readonly shunned: readonly number[] } = JSON.parse(readFileSync(this.#layout.stateFile, 'utf8'));
    return shunned > 0 && !state.shunned.includes(shunned)
      ? `${shunned} was gone back from, and that is forgotten`
      : '';
  }

  /** mtree(8) shares no code with this project. */
  #outsideJudge(config: BootConfig, last: Promised, next: Promised): string {
    if (last.damaged || next.damaged) return '';
    const { version } = config.current;
    const manifest = manifestOf(this.#story.published, version);
    const judged = spawnSync('mtree', ['-f', manifest, '-p', this.#layout.deployment(config.current)], {
      encoding: 'utf8',
    });
    return judged.status === 0 && judged.stdout === '' ? '' : `mtree: ${judged.stdout}${judged.stderr}`;
  }

  async #again(config: BootConfig): Promise<string> {
    const { removed } = await recover(this.#layout, { booted: config.current });
    return removed.length === 0 ? '' : `a second start removed ${removed.join(' ')}`;
  }
}
