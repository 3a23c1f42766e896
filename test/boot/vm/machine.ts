/** One start of a laptop in QEMU, from the boot loader's choice to its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

export interface MachineOptions {
  /** ext4, raw. */
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  /** Where its socket goes and its serial log is added to. */
  readonly folder: string;
  readonly log: string;
  readonly parameters?: string;
  /** Raw, read only. A disk of virtio to the guest: the kernels made for virtual machines know no USB. */
  readonly stick?: string;
}

export interface Answer {
  readonly status: number;
  readonly output: string;
}

const KERNEL_PARAMETERS =
  'console=ttyS0 root=/dev/vda boot=ripple ripple panic=1 quiet net.ifnames=0 mitigations=off no_timer_check cryptomgr.notests';

export class Machine {
  readonly #process: ChildProcess;
  #socket: Socket | undefined;
  #console = '';
  #heard = '';
  #waiting: (() => void)[] = [];
  #ended = false;
  #number = 0;

  private constructor(process_: ChildProcess, agent: Server, options: MachineOptions) {
    this.#process = process_;
    const log = createWriteStream(options.log, { flags: 'a' });
    log.write(`\n=== start with ${options.kernel} ${options.initrd} ${options.parameters ?? ''}\n`);
    process_.stdout?.on('data', (chunk: Buffer) => {
      log.write(chunk);
      this.#console = (this.#console + chunk.toString('latin1')).slice(-200_000);
      this.#wake();
    });
    process_.stderr?.on('data', (chunk: Buffer) => log.write(chunk));
    process_.once('exit', () => {
      this.#ended = true;
      agent.close();
      this.#socket?.destroy();
      log.end('\n=== end\n');
      this.#wake();
    });
    agent.on('connection', (socket) => {
      this.#socket = socket;
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        this.#heard = (this.#heard + chunk.toString('latin1')).slice(-2_000_000);
        this.#wake();
      });
    });
  }

  static async start(options: MachineOptions): Promise<Machine> {
    const path = join(options.folder, 'agent');
    rmSync(path, { force: true });
    const agent = createServer();
    await new Promise<void>((resolve) => agent.listen(path, resolve));
    const args = [
      ...[
        '-accel',
        'tcg,thread=multi',
        '-cpu',
        'Nehalem',
        '-m',
        '640',
        '-nodefaults',
        '-display',
        'none',
        '-no-reboot',
      ],
      ...['-kernel', options.kernel, '-initrd', options.initrd],
      ...['-append', `${KERNEL_PARAMETERS} ${options.parameters ?? ''}`],
      // What the guest has flushed, and what it only has written, both outlive QEMU: the host stays on.
      ...['-drive', `file=${options.disk},format=raw,if=virtio,cache=unsafe`],
      ...['-netdev', 'user,id=net', '-device', 'virtio-net-pci,netdev=net,romfile=', '-device', 'virtio-rng-pci'],
      ...['-serial', 'stdio', '-serial', `unix:${path}`],
      ...(options.stick === undefined ? [] : ['-drive', `file=${options.stick},format=raw,if=virtio,readonly=on`]),
    ];
    // It must not outlive a test that is killed.
    const child = spawn('setpriv', ['--pdeathsig=KILL', 'qemu-system-x86_64', ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return new Machine(child, agent, options);
  }

  get ended(): boolean {
    return this.#ended;
  }
  get console(): string {
    return this.#console;
  }

  /** Resolves when `text` was seen on the console. Fails when the machine ends before or `timeoutMs` go by. */
  async seen(text: string | RegExp, timeoutMs = 400_000): Promise<void> {
    const found = (): boolean => (typeof text === 'string' ? this.#console.includes(text) : text.test(this.#console));
    await this.#until(found, `"${text}" on the console`, timeoutMs);
  }

  /** Resolves when the guest listens to commands. */
  async ready(timeoutMs = 400_000): Promise<void> {
    await this.#until(() => this.#heard.includes('agent ready\n'), 'the agent', timeoutMs);
  }

  async ends(timeoutMs = 400_000): Promise<void> {
    await this.#until(() => this.#ended, 'the end of the machine', timeoutMs, true);
  }

  /** Runs a line of shell in the guest. */
  async run(command: string, timeoutMs = 300_000): Promise<Answer> {
    const number = ++this.#number;
    this.#socket?.write(`${number} ${command.replaceAll('\n', ' ')}\n`);
    const answer = new RegExp(`^answer ${number} ([0-9]+) ([A-Za-z0-9+/=]*)\n`, 'm');
    await this.#until(() => answer.test(this.#heard), `an answer to "${command}"`, timeoutMs);
    const [, status = '', output = ''] = answer.exec(this.#heard) ?? [];
    return { status: Number(status), output: Buffer.from(output, 'base64').toString('utf8') };
  }

  /** As `run`, for what must succeed. */
  async ok(command: string): Promise<string> {
    const { status, output } = await this.run(command);
    if (status !== 0) throw new Error(`"${command}" ended with ${status}: ${output}`);
    return output;
  }

  type(bytes: string): void {
    this.#process.stdin?.write(bytes);
  }

  /** The plug is pulled. */
  async kill(): Promise<void> {
    if (this.#ended) return;
    this.#process.kill('SIGKILL');
    await this.ends();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #until(found: () => boolean, what: string, timeoutMs: number, endIsFine = false): Promise<void> {
    const late = Date.now() + timeoutMs;
    while (!found()) {
      if (this.#ended && !endIsFine) throw new Error(`the machine ended before ${what}: …${this.#console.slice(-600)}`);
      const leftMs = late - Date.now();
      if (leftMs <= 0) throw new Error(`no ${what} within ${timeoutMs / 1000} s: …${this.#console.slice(-600)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}
