/**
 * One Chromium application window: opened, brought to the front, closed. It is told so through a pipe that only this process
 * holds (Chrome DevTools Protocol); when this process ends, the window goes with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** Where `--remote-debugging-pipe` reads and writes; messages end with NUL. */
const TO_BROWSER = 3;
const FROM_BROWSER = 4;

interface Target {
  readonly targetId: string;
  readonly type: string;
}

function pageTarget(message: string): Target | undefined {
  const value: unknown = JSON.parse(message);
  if (typeof value !== 'object' || value === null || !('result' in value)) return undefined;
  const { result } = value;
  if (typeof result !== 'object' || result === null || !('targetInfos' in result)) return undefined;
  const { targetInfos } = result;
  return Array.isArray(targetInfos) ? targetInfos.find((target: Target) => target.type === 'page') : undefined;
}

export class ChromiumWindow {
  readonly #child: ChildProcess;
  /** Exit status of the browser. Rejects when it cannot be started. */
  readonly ended: Promise<number>;
  #serial = 0;

  constructor(browser: string, args: readonly string[]) {
    const child = spawn(browser, [...args, '--remote-debugging-pipe'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 0));
    });
    let rest = '';
    const from = child.stdio[FROM_BROWSER] as Readable | null;
    from?.setEncoding('utf8');
    from?.on('data', (chunk: string) => {
      const messages = (rest + chunk).split('\0');
      rest = messages.pop() ?? '';
      for (const message of messages) this.#hear(message);
    });
    for (const stream of child.stdio) stream?.on('error', () => undefined);
  }

  /** Brings the window to the front. */
  raise(): void {
    this.#send('Target.getTargets', {});
  }

  close(): void {
    this.#child.kill();
  }

  #send(method: string, params: object): void {
    const to = this.#child.stdio[TO_BROWSER] as Writable | null;
    this.#serial++;
    to?.write(`${JSON.stringify({ id: this.#serial, method, params })}\0`);
  }

  #hear(message: string): void {
    const target = pageTarget(message);
    if (target) this.#send('Target.activateTarget', { targetId: target.targetId });
  }
}
