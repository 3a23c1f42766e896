/** Which version runs next: reads the disk, commits choices, notices at a start what the boot script had to do. */
import { spawn } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import type { Logger } from '../core/ports.ts';
import type { Backend } from '../deploy/backend.ts';
import { bless, choose, readBootConfig } from '../deploy/boot-config.ts';
import { type Booted, readBooted } from '../deploy/booted.ts';
import { type Deployment, deploymentName, type Layout, parseDeploymentName } from '../deploy/layout.ts';
import { deploymentsIn, isUsable, recover, surveyDeployments } from '../deploy/recover.ts';
import { removeDeployment } from '../deploy/removal.ts';
import { keepEtc } from './etc-keeper.ts';
import { addToHistory } from './history.ts';
import type { Memory } from './memory.ts';
import type { Facts, SwitchPart } from './parts.ts';

export interface SwitcherOptions {
  readonly layout: Layout;
  readonly backend: Backend;
  readonly image: string;
  readonly marker: string;
  readonly tries: number;
  readonly restartCommand: readonly string[];
  readonly memory: Memory;
  readonly logger: Logger;
}

export class Switcher implements SwitchPart {
  readonly #options: SwitcherOptions;
  readonly #booted: Booted | undefined;
  readonly #listeners: (() => void)[] = [];
  #facts: Facts = { booted: 0, current: 0, previous: 0, staged: 0, local: [] };

  constructor(options: SwitcherOptions) {
    this.#options = options;
    const booted = readBooted(options.marker);
    this.#booted = booted?.deployment.image === options.image ? booted : undefined;
  }

  /** Cleans up what a power cut left, notices a rollback, and reads the facts. */
  async start(): Promise<void> {
    const { layout, backend, logger } = this.#options;
    const recovery = await recover(layout, { backend, ...(this.#booted ? { booted: this.#booted.deployment } : {}) });
    if (recovery.removed.length > 0) logger.info('cleaned up', { names: recovery.removed });
    if (recovery.damage !== undefined) logger.warn('the boot pointer is damaged', { damage: recovery.damage });
    this.#noticeRollback();
    this.refresh();
    keepEtc(layout, this.#booted?.deployment, this.#options.marker, logger);
    const { memory, marker } = this.#options;
    const { lastStart, deferredUntil, bootsSinceNews } = memory.state;
    const start = startOf(marker);
    // A daemon that crashed and came back is no start of the laptop: what was put off until then stays so.
    if (start === '' || start !== lastStart)
      memory.update({
        lastStart: start,
        deferredUntil: Math.max(0, deferredUntil),
        bootsSinceNews: bootsSinceNews + 1,
      });
  }

  facts(): Facts {
    return this.#facts;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  deployment(version: number): Deployment {
    return { image: this.#options.image, version };
  }

  refresh(): void {
    const { layout, image } = this.#options;
    const config = readBootConfig(layout);
    const versionOf = (deployment: Deployment | undefined): number =>
      deployment?.image === image ? deployment.version : 0;
    const local = deploymentsIn(layout)
      .filter((deployment) => deployment.image === image && isUsable(layout, deployment))
      .map((deployment) => deployment.version);
    const [booted, current, previous] = [
      versionOf(this.#booted?.deployment),
      versionOf(config?.current),
      versionOf(config?.previous),
    ];
    const staged = Math.max(
      0,
      ...local.filter((version) => version > current && ![booted, current, previous].includes(version)),
    );
    this.#facts = { booted, current, previous, staged, local };
    for (const listener of this.#listeners) listener();
  }

  async choose(version: number): Promise<void> {
    const { booted, current } = this.#facts;
    const previous = booted > 0 && booted !== version ? booted : current;
    this.#commit(version, previous === version ? 0 : previous, this.#options.tries);
  }

  async rollback(): Promise<number> {
    const { booted, current, previous, local } = this.#facts;
    const target = booted > 0 && booted !== current ? booted : previous;
    if (target === 0 || !local.includes(target))
      throw new RippleError('WrongState', 'there is no previous version on this laptop to go back to');
    // A version that never showed that it works is no way back.
    const blessed = readBootConfig(this.#options.layout)?.triesLeft === undefined;
    const fallback = blessed || booted === current ? current : this.#bestOther([target, current]);
    this.#commit(target, fallback === target ? 0 : fallback, undefined);
    return target;
  }

  /** The version that runs has not been blessed yet. */
  onTrial(): boolean {
    const config = readBootConfig(this.#options.layout);
    return config?.triesLeft !== undefined && config.current.version === this.#facts.booted;
  }

  /** The running version works: no more tries are counted, and what is neither it nor its fallback may go. */
  async blessRunning(): Promise<void> {
    const { layout, logger } = this.#options;
    const config = readBootConfig(layout);
    if (!config || config.current.version !== this.#facts.booted || config.current.image !== this.#options.image)
      return;
    if (config.triesLeft !== undefined) {
      bless(layout);
      logger.info('the running version works', { version: this.#facts.booted });
      addToHistory(layout, { event: 'blessed', version: this.#facts.booted });
    }
    await this.#removeSuperseded();
  }

  async restart(): Promise<void> {
    const [program, ...args] = this.#options.restartCommand;
    if (program === undefined) throw new RippleError('InvalidArgument', 'boot.restart names no command');
    await new Promise<void>((resolve, reject) => {
      const child = spawn(program, args, { stdio: 'ignore' });
      child.once('error', (error) => reject(new RippleError('IoError', `cannot restart: ${error.message}`)));
      child.once('exit', (status) =>
        status === 0
          ? resolve()
          : reject(new RippleError('IoError', `cannot restart: ${program} ended with status ${status}`)),
      );
    });
  }

  #commit(current: number, previous: number, tries: number | undefined): void {
    choose(this.#options.layout, {
      current: this.deployment(current),
      ...(previous > 0 ? { previous: this.deployment(previous) } : {}),
      ...(tries === undefined ? {} : { tries }),
    });
    this.refresh();
  }

  #noticeRollback(): void {
    const booted = this.#booted;
    const { layout, memory, logger } = this.#options;
    const config = readBootConfig(layout);
    if (!booted || !config || deploymentName(config.current) === deploymentName(booted.deployment)) return;
    if (booted.reason !== 'tries-used-up' && booted.reason !== 'unusable') return;
    const [from, to] = [config.current.version, booted.deployment.version];
    this.refresh();
    const fallback = this.#bestOther([from, to]);
    this.#commit(to, fallback, undefined);
    const reason = whyBack(booted);
    memory.update({
      rollback: { from, to, reason },
      wentBackFrom: from,
      shunned: [...new Set([...memory.state.shunned, from])],
      failed: [...new Set([...memory.state.failed, from])],
    });
    logger.warn('went back to the previous version', { from, to, reason });
    addToHistory(layout, { event: 'rolled-back', version: to, from, reason });
  }

  /** The newest deployment here besides those; 0: none. */
  #bestOther(without: readonly number[]): number {
    return Math.max(
      0,
      ...deploymentsIn(this.#options.layout)
        .filter(
          (one) =>
            one.image === this.#options.image && isUsable(this.#options.layout, one) && !without.includes(one.version),
        )
        .map((one) => one.version),
    );
  }

  async #removeSuperseded(): Promise<void> {
    const { layout, backend, image, logger } = this.#options;
    const deployments = surveyDeployments(layout, this.#booted ? { booted: this.#booted.deployment } : {});
    for (const verdict of deployments) {
      if (!verdict.removable) continue;
      await removeDeployment(layout, verdict, backend);
      logger.info('removed a version', { name: deploymentName(verdict.deployment), reason: verdict.reason });
    }
    const kept = new Set(deploymentsIn(layout).map(deploymentName));
    const goal = this.#options.memory.state.goal;
    for (const [folder, ending] of [
      [layout.manifests, ''],
      [layout.releases, '.pgp'],
    ] as const) {
      for (const name of namesIn(folder)) {
        const deployment = parseDeploymentName(
          name.endsWith(ending) ? name.slice(0, name.length - ending.length) : name,
        );
        if (
          !deployment ||
          kept.has(deploymentName(deployment)) ||
          (deployment.image === image && (deployment.version === goal || deployment.version > this.#facts.booted))
        )
          continue;
        rmSync(join(folder, name), { force: true });
      }
    }
    this.refresh();
  }
}

function whyBack({ reason, unhealthy }: Booted): string {
  if (reason === 'unusable') return 'its files were not there';
  return unhealthy === undefined ? 'it did not start' : `it started, but was not well: ${unhealthy}`;
}

/** The boot script writes its marker once a start, in a folder that a start empties; '' when there is none. */
function startOf(marker: string): string {
  const found = statSync(marker, { bigint: true, throwIfNoEntry: false });
  return found ? `${found.mtimeNs}.${found.ino}` : '';
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
