/** The real `rsync --daemon`, with the configuration that the school's package brings, on a port of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { PROJECT_ROOT } from './private-bus.ts';
import { tempFolder } from './temp.ts';

export const rsyncMissing =
  spawnSync('rsync', ['--version']).status === 0 ? false : 'rsync is not installed: apt-get install rsync';

const EXAMPLE = join(PROJECT_ROOT, 'assets/rsync/rsyncd.conf');

/** Answers the URL. `modules`: folder by name; those of the example are replaced, everything else of it stays. */
export async function startRsyncd(
  t: Pick<TestContext, 'after'>,
  modules: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = tempFolder(t, 'rsyncd');
  const config = join(folder, 'rsyncd.conf');
  const common = readFileSync(EXAMPLE, 'utf8').split('\n[')[0] ?? '';
  // Temporary folders are closed to nobody, and a chroot needs root.
  const here = common
    .replace('use chroot = yes', 'use chroot = no')
    .replace(/^uid = .*$/m, `uid = ${process.getuid?.()}`)
    .replace(/^gid = .*$/m, `gid = ${process.getgid?.()}`)
    .replace('/run/rsyncd.lock', join(folder, 'lock'));
  const listed = Object.entries(modules).map(([name, path]) => `[${name}]\n  path = ${path}\n  exclude = /.*\n`);
  writeFileSync(config, `${here}\n${listed.join('\n')}`);
  const port = await freePort();
  const args = ['--daemon', '--no-detach', `--config=${config}`, '--address=127.0.0.1', `--port=${port}`];
  const child = spawn('rsync', args, { stdio: 'ignore' });
  t.after(() => ended(child));
  for (let i = 0; i < 100; i++) {
    if (await answers(port)) return `rsync://127.0.0.1:${port}`;
    await sleep(50);
  }
  throw new Error('rsync --daemon does not answer');
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'close');
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
