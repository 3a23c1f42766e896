/**
 * A laptop without its hardware: a sysroot in a folder, the boot script that real laptops run, and a real daemon as a
 * process. "Restarting" it ends the daemon, runs the boot script, starts the daemon again.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { RippleError } from '../api/errors.ts';
import { DAEMON_NODE_FLAGS } from '../daemon/node-flags.ts';

const PROJECT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const COMMAND = join(PROJECT, 'bin', 'ripple');
const BOOT_SCRIPT = join(PROJECT, 'assets', 'boot', 'ripple-boot');

export type ConfigValue = string | number | boolean | readonly string[];

export interface VirtualLaptopOptions {
  /** Where its sysroot, run folder, configuration and log are. */
  readonly folder: string;
  /** Keys of ripple.toml, dotted. */
  readonly config: Readonly<Record<string, ConfigValue>>;
  /** Put before every command, e.g. `['ip', 'netns', 'exec', 'a']`. */
  readonly prefix?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export class VirtualLaptop {
  readonly folder: string;
  readonly sysroot: string;
  readonly #options: VirtualLaptopOptions;
  #process: ChildProcess | undefined;
  #url = '';

  constructor(options: VirtualLaptopOptions) {
    this.#options = options;
    this.folder = options.folder;
    this.sysroot = join(options.folder, 'sysroot');
    mkdirSync(join(this.sysroot, 'rootfs'), { recursive: true });
    mkdirSync(this.#run, { recursive: true });
  }

  get #run(): string {
    return join(this.folder, 'run');
  }
  get logFile(): string {
    return join(this.folder, 'daemon.log');
  }
  get configFile(): string {
    return join(this.folder, 'ripple.toml');
  }
  /** Where its HTTP side answers; empty until it started. */
  get url(): string {
    return this.#url;
  }
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /**
   * Runs the boot script and starts the daemon; resolves when the daemon says that it is ready. With `daemonOnly` the
   * laptop ran on, and only the daemon comes back.
   */
  async start(arguments_: { readonly keyHeld?: boolean; readonly daemonOnly?: boolean } = {}): Promise<void> {
    if (this.#process) throw new RippleError('WrongState', `${this.folder} runs already`);
    this.#writeConfig();
    if (this.#options.config.role !== 'school' && !arguments_.daemonOnly) this.#boot(arguments_.keyHeld === true);
    const log = openSync(this.logFile, 'a');
    const [program, ...args] = [
      ...(this.#options.prefix ?? []),
      process.execPath,
      ...DAEMON_NODE_FLAGS,
      COMMAND,
      'daemon',
      '--config',
      this.configFile,
    ];
    if (program === undefined) throw new RippleError('Internal', 'no program');
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', log],
      env: { ...process.env, ...this.#options.environment },
    });
    closeSync(log);
    this.#process = child;
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined;
    });
    await this.#untilReady(child);
  }

  /** Ends the daemon; SIGKILL stands for a crash or a power cut. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    if (!child) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(late);
    this.#process = undefined;
  }

  /** Resolves when the daemon has ended, however that comes. */
  async ended(): Promise<void> {
    const child = this.#process;
    if (child) await new Promise<void>((resolve) => child.once('exit', () => resolve()));
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  #boot(keyHeld: boolean): void {
    const args = ['--sysroot', this.sysroot, '--run', this.#run, ...(keyHeld ? ['--key-held'] : [])];
    const result = spawnSync('sh', [BOOT_SCRIPT, ...args], { encoding: 'utf8' });
    if (result.status !== 0)
      throw new RippleError('IoError', `the boot script found nothing to boot: ${result.stderr.trim()}`);
  }

  #writeConfig(): void {
    const values: Record<string, ConfigValue> = {
      sysroot: this.sysroot,
      'boot.marker': join(this.#run, 'booted'),
      'share.port': 0,
      'share.listen': ['127.0.0.1'],
      ...this.#options.config,
    };
    const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    writeFileSync(this.configFile, `${lines.join('\n')}\n`);
  }

  #untilReady(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (): void =>
        reject(
          new RippleError('IoError', `the daemon of ${this.folder} ended before it was ready; see ${this.logFile}`),
        );
      child.once('exit', fail);
      if (!child.stdout) return fail();
      createInterface({ input: child.stdout }).on('line', (line) => {
        const ready = /^ready(?: (http:\S+))?$/.exec(line);
        if (!ready) return;
        this.#url = ready[1] ?? '';
        child.off('exit', fail);
        resolve();
      });
    });
  }
}
