/** Starts `discover-agent.ts` in a namespace or here, and follows what it reports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Neighbour } from '../../service/core/ports.ts';
import type { AgentCommand, AgentOptions, AgentReport } from './discover-agent.ts';
import type { Host } from './namespaces.ts';

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'discover-agent.js');
/** Long enough for any machine; a test that waits this long has failed. */
const PATIENCE_MS = 60_000;

export class Agent {
  readonly id: string;
  readonly reports: AgentReport[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #errors = '';

  /** @param host where it runs; this machine's own network when left out. */
  constructor(options: AgentOptions, host?: Host) {
    this.id = options.announcement.id;
    const args = [PROGRAM, JSON.stringify(options)];
    const stdio = ['pipe', 'pipe', 'pipe'] as const;
    this.#child = host
      ? host.spawn(process.execPath, args, { stdio: [...stdio] })
      : spawn(process.execPath, args, { stdio: [...stdio] });
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#errors = (this.#errors + text).slice(-5_000);
    });
    if (this.#child.stdout)
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        this.reports.push(JSON.parse(line));
        this.#wake();
      });
    this.#child.once('close', () => this.#wake());
  }

  get neighbours(): readonly Neighbour[] {
    return this.reports.flatMap((one) => (one.is === 'neighbours' ? [one.neighbours] : [])).at(-1) ?? [];
  }

  neighbour(id: string): Neighbour | undefined {
    return this.neighbours.find((one) => one.id === id);
  }

  /** Lines of its log. */
  get log(): readonly string[] {
    return this.reports.flatMap((one) => (one.is === 'log' ? [one.message] : []));
  }

  send(command: AgentCommand): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /** Resolves once `condition` holds of what was reported. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const deadline = setTimeout(() => this.#wake(), PATIENCE_MS);
    const start = performance.now();
    try {
      while (!condition()) {
        const ended = this.#child.exitCode !== null || this.#child.signalCode !== null;
        if (ended || performance.now() - start >= PATIENCE_MS)
          throw new Error(
            `${this.id}: ${ended ? 'ended' : 'no longer waiting'} before ${what}; it knows ` +
              `${JSON.stringify(this.neighbours)}; log: ${this.log.join(' | ')}; ${this.#errors}`,
          );
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  started(): Promise<void> {
    return this.until('it started', () => this.reports.some((one) => one.is === 'started'));
  }

  sees(...ids: readonly string[]): Promise<void> {
    return this.until(`it saw ${ids}`, () => ids.every((id) => this.neighbour(id)?.alive));
  }

  loses(id: string): Promise<void> {
    return this.until(`it lost ${id}`, () => this.neighbour(id)?.alive === false);
  }

  /** Asks it to probe, and gives what came of it. */
  async probe(id: string): Promise<boolean> {
    const before = this.reports.length;
    const answer = () => this.reports.slice(before).find((one) => one.is === 'probed' && one.id === id);
    this.send({ do: 'probe', id });
    await this.until(`it probed ${id}`, () => answer() !== undefined);
    const found = answer();
    return found?.is === 'probed' && found.alive;
  }

  /** Has it say goodbye and end. */
  async stop(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.send({ do: 'stop' });
    await closed;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const go of waiting) go();
  }
}
