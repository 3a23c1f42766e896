/** `npm start`: the little class, with the activity of one laptop on the screen. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../core/ports.ts';
import { type Classroom, startClassroom } from './classroom.ts';

const ACTIVITY = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'main', 'main.js');

export interface DemoOptions {
  readonly trees?: readonly [string, string];
  /** Only print the address of the activity, open no window. */
  readonly print: boolean;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The log of the demo's own process: the daemons have theirs in files. */
const quiet: Logger = { info: () => {}, warn: () => {} };

/** Runs until `signal` is aborted; then every process is ended and every file removed. */
export async function runDemo({ trees, print, say, signal }: DemoOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ripple-demo-'));
  let classroom: Classroom | undefined;
  let activity: ChildProcess | undefined;
  // What `boot.restart` of this laptop runs: it asks this process to play the hardware.
  const restart = ['/bin/sh', '-c', `kill -USR2 ${process.pid}`];
  const onRestart = (): void => {
    say('This laptop restarts');
    classroom?.mine.restart().then(
      () => say('This laptop is back'),
      (error: unknown) => say(`This laptop did not come back: ${error instanceof Error ? error.message : error}`),
    );
  };
  process.on('SIGUSR2', onRestart);
  try {
    classroom = await startClassroom({ folder, restart, say, logger: quiet, signal, ...(trees ? { trees } : {}) });
    say('');
    say(
      `The class is there: a school server with versions 6 and 7, Ana with 7, Kofi and Mei with 6, and this laptop with 6.`,
    );
    say(`Commands for this laptop:  RIPPLE_BUS=${classroom.bus.address} npx ripple status`);
    say(`Its log:                   ${classroom.mine.logFile}`);
    activity = spawn(process.execPath, [ACTIVITY, '--bus', classroom.bus.address, ...(print ? ['--print'] : [])], {
      stdio: ['ignore', 'inherit', 'inherit'],
      // This laptop's person is a new one each time, and is not the person who tries the demo.
      env: { ...process.env, XDG_STATE_HOME: join(folder, 'activity') },
    });
    say('Ctrl-C ends it all.');
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve());
    });
  } finally {
    process.off('SIGUSR2', onRestart);
    await ended(activity);
    await classroom?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function ended(child: ChildProcess | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 5000).unref();
  });
}
