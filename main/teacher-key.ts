/**
 * Orders are signed by the command line, in a process of its own: the activity reads no key and keeps no passphrase. It
 * goes through a pipe, for arguments can be seen by everybody on the machine.
 */
import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OrderWish } from '../service/api/activity.ts';
import { RippleError } from '../service/api/errors.ts';

const RIPPLE = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bin', 'ripple');
const TIMEOUT_MS = 60_000;
const HALT_AFTER = '2';

/** Where a teacher's key lies: `$RIPPLE_TEACHER_KEY`, else in the XDG configuration folder. */
export function teacherKey(env: NodeJS.ProcessEnv = process.env): string {
  return env.RIPPLE_TEACHER_KEY || join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'ripple', 'teacher.key');
}

/** Signs and publishes. @throws RippleError `OrderRefused` with the command's own line */
export function sendOrder(bus: string | undefined, version: number, wish: OrderWish): Promise<void> {
  return order(bus, wish.passphrase, [
    String(version),
    ...['--when', wish.when, '--deadline', wish.deadline, '--canaries', String(wish.canaries)],
    ...['--halt-after', HALT_AFTER],
    ...(wish.class === '' ? [] : ['--class', wish.class]),
  ]);
}

/** Takes back the order that stands. @throws as `sendOrder` */
export function stopOrder(bus: string | undefined, passphrase: string): Promise<void> {
  return order(bus, passphrase, ['--stop']);
}

function order(bus: string | undefined, passphrase: string, args: readonly string[]): Promise<void> {
  const unlock = passphrase === '' ? [] : ['--passphrase-file', '-'];
  const all = ['order', ...args, '--key', teacherKey(), ...unlock, ...(bus === undefined ? [] : ['--bus', bus])];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [RIPPLE, ...all], {
      stdio: ['pipe', 'ignore', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < 4096) said += chunk.toString();
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${passphrase}\n`);
    child.once('error', (cause) => reject(new RippleError('IoError', 'cannot run ripple order', { cause })));
    child.once('close', (status) => {
      if (status === 0) return resolve();
      const line = said.trim().split('\n').at(-1) ?? '';
      reject(new RippleError('OrderRefused', line.replace(/^ripple order: /, '') || 'ripple order ended'));
    });
  });
}
