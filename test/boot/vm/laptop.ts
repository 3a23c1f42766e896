/** A laptop of the school: one disk through many starts. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bootLoader } from './boot-loader.ts';
import { Machine } from './machine.ts';
import type { School } from './school.ts';

const UPDATER = 'org.laptop.Ripple1 /org/laptop/Ripple1 org.laptop.Ripple1.Updater';

export class BootLaptop {
  readonly folder: string;
  readonly disk: string;
  readonly log: string;
  readonly #school: School;
  /** Whose kernel the rescue copy is. */
  readonly #rescueVersion: number;
  #machine: Machine | undefined;
  /** Taken in turn instead of those of the versions. */
  readonly #initramfses: readonly string[];
  #stick: string | undefined;
  /** Deployments whose kernels were loaded, one a start. */
  readonly loaded: string[] = [];

  private constructor(folder: string, school: School, log: string, version: number, initramfses: readonly string[]) {
    this.folder = folder;
    this.disk = join(folder, 'disk');
    this.log = log;
    this.#school = school;
    this.#rescueVersion = version;
    this.#initramfses = initramfses;
  }

  static async make(
    school: School,
    name: string,
    version: number,
    log: string,
    initramfses: readonly string[] = [],
  ): Promise<BootLaptop> {
    const folder = join(school.folder, name);
    mkdirSync(folder);
    const laptop = new BootLaptop(folder, school, log, version, initramfses);
    await school.makeDisk(laptop.disk, version);
    return laptop;
  }

  get machine(): Machine {
    if (!this.#machine) throw new Error('the laptop was never switched on');
    return this.#machine;
  }

  /** Switches it on; returns at once. */
  async start(parameters = ''): Promise<Machine> {
    const loaded = bootLoader(this.disk);
    const version = loaded === 'rescue' ? this.#rescueVersion : Number(loaded.deployment.split('.')[1]);
    this.loaded.push(loaded === 'rescue' ? 'rescue' : loaded.deployment);
    const files = this.#school.bootFiles(version);
    const initrd = this.#initramfses[this.loaded.length % this.#initramfses.length] ?? files.initrd;
    this.#machine = await Machine.start({
      ...files,
      initrd,
      disk: this.disk,
      folder: this.folder,
      log: this.log,
      parameters,
      ...(this.#stick === undefined ? {} : { stick: this.#stick }),
    });
    return this.#machine;
  }

  /** Starts again and again, as a person would, until the agent of a version answers. Returns how many starts it took. */
  async untilUp(atMost: number, parameters = ''): Promise<number> {
    for (let starts = 1; ; starts++) {
      const machine = this.#machine && !this.#machine.ended ? this.#machine : await this.start(parameters);
      try {
        await machine.ready();
        return starts;
      } catch (error) {
        await machine.kill();
        if (starts >= atMost) throw error;
      }
    }
  }

  async property(name: string): Promise<string> {
    // The bus gives a daemon 25 seconds to start, which is little here.
    const call = `busctl get-property ${UPDATER} ${name} --timeout=120`;
    const answer = await this.machine.ok(`n=0; until ${call}; do n=$((n+1)); [ $n -lt 10 ] || exit 1; sleep 3; done`);
    return (answer.trim().split('\n').at(-1) ?? '').replace(/^\S+ /, '').replaceAll('"', '');
  }

  async call(method: string, args: string): Promise<void> {
    await this.machine.ok(`busctl call ${UPDATER} ${method} ${args} --timeout=120`);
  }

  /** Waits until a property is one of what it may be. */
  async untilOneOf(name: string, wanted: readonly string[], seconds = 1200): Promise<void> {
    const late = Date.now() + seconds * 1000;
    let value = '';
    while (Date.now() < late) {
      value = await this.property(name);
      if (wanted.includes(value)) return;
      if (value === 'failed') break;
      await this.machine.run('sleep 2');
    }
    throw new Error(`${name} is "${value}", not ${wanted.join(' or ')}; ${await this.property('LastError')}`);
  }

  /** Fetches a version and chooses it; the machine then ends by itself. */
  async updateTo(version: number): Promise<void> {
    await this.call('Check', 'a{sv} 0');
    await this.untilOneOf('State', ['available']);
    await this.call('Fetch', `ua{sv} ${version} 0`);
    await this.untilStaged(version);
    await this.restartInto(version);
  }

  /** In the state "ready", with that version. */
  async untilStaged(version: number): Promise<void> {
    await this.untilOneOf('StagedVersion', [`${version}`]);
    await this.untilOneOf('State', ['ready']);
  }

  async restartInto(version: number): Promise<void> {
    await this.call('Accept', `ua{sv} ${version} 1 when s now`);
    await this.machine.ends();
  }

  /** Waits until the version that runs has no tries to count any more. */
  async untilBlessed(): Promise<void> {
    await this.machine.ok(
      'n=0; while ls /sysroot/rootfs/boot/ | grep -q tries; do sleep 1; n=$((n+1)); [ $n -lt 300 ] || exit 1; done',
    );
  }

  async version(): Promise<number> {
    return Number(await this.property('BootedVersion'));
  }

  /** A stick, by the file with what is on it, that is in the laptop from the next start on. */
  plug(stick: string): void {
    this.#stick = stick;
  }

  async off(): Promise<void> {
    await this.#machine?.kill();
  }

  /** Does something to the file system of a laptop that is off. */
  mounted(work: (root: string) => void): void {
    const point = join(this.folder, 'mounted');
    mkdirSync(point, { recursive: true });
    execFileSync('mount', ['-o', 'loop', this.disk, point]);
    try {
      work(point);
    } finally {
      execFileSync('umount', [point]);
    }
  }

  note(text: string): void {
    appendFileSync(this.log, `\n--- ${text}\n`);
  }
}
