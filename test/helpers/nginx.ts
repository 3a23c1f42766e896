/** The real nginx with the file that is shipped, on loopback, as whoever runs the tests. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { PROJECT_ROOT } from './private-bus.ts';
import { tempFolder } from './temp.ts';

export const nginxMissing: string | false =
  spawnSync('/usr/sbin/nginx', ['-v']).status === 0 ? false : 'NOT TESTED: nginx is not installed';

/** Answers the URL. Only where it listens and what it gives is changed in the file. */
export async function startNginx(t: Pick<TestContext, 'after'>, repository: string): Promise<string> {
  const folder = tempFolder(t, 'nginx');
  const port = await freePort();
  const shipped = readFileSync(join(PROJECT_ROOT, 'assets/nginx/ripple.conf'), 'utf8');
  const server = shipped
    .replace('listen 8517;', `listen 127.0.0.1:${port};`)
    .replace('listen [::]:8517;', '')
    .replace('root /var/lib/ripple/repository;', `root ${repository};`);
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(join(folder, name));
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name === 'client_body' ? 'body' : name)};`,
  );
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${user} daemon off; master_process off; pid ${folder}/pid; error_log stderr warn;
events {} http { access_log off; ${paths.join(' ')} ${server} }`,
  );
  const child = spawn('/usr/sbin/nginx', ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  t.after(() => child.kill());
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) break;
    const answer = await fetch(url).catch(() => undefined);
    if (answer) return url;
    await sleep(100);
  }
  throw new Error(`nginx did not start: ${errors}`);
}
