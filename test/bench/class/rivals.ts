/** Everybody from the server, by stock programs: rsync with the older tree as --link-dest, and ostree over nginx. */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Host, Network } from '../../helpers/namespaces.ts';
import { ROOM, SCHOOL_ADDRESS } from '../../helpers/school-class.ts';
import { type ClassRun, MOST_SECONDS } from './figures.ts';
import { SERVER_BITS, type Stage } from './stage.ts';

const READY_TRIES = 100;
/** See timeout(1). */
const TIMED_OUT = 124;

interface Rival {
  readonly way: string;
  /** Before the clock runs; answers the server's program and what each laptop runs, with what it has prepared. */
  prepare(folder: string, stage: Stage, server: Host, laptops: number): ChildProcess;
  readonly port: number;
  command(folder: string, stage: Stage, laptop: number): readonly string[];
}

const RSYNC: Rival = {
  way: 'rsync --link-dest, all from the server',
  port: 873,
  prepare: (folder, { newer }, server) => {
    const config = `use chroot = no\nuid = 0\ngid = 0\npid file = ${folder}/pid\nlog file = ${folder}/log\n[tree]\npath = ${newer}\n`;
    writeFileSync(join(folder, 'rsyncd.conf'), config);
    const args = ['--daemon', '--no-detach', `--config=${join(folder, 'rsyncd.conf')}`];
    return server.spawn('rsync', args, { stdio: 'ignore' });
  },
  command: (folder, { older }, laptop) => [
    'rsync',
    '-a',
    `--link-dest=${older}/`,
    `rsync://${SCHOOL_ADDRESS}/tree/`,
    join(folder, `laptop${laptop}/`),
  ],
};

const OSTREE: Rival = {
  way: 'ostree pull over nginx, all from the server',
  port: 80,
  prepare: (folder, { older, newer }, server, laptops) => {
    const ostree = (...args: readonly string[]): string => execFileSync('ostree', args, { encoding: 'utf8' });
    const archive = join(folder, 'archive');
    ostree(`--repo=${archive}`, 'init', '--mode=archive');
    const first = ostree(`--repo=${archive}`, 'commit', '--branch=xo', `--tree=dir=${older}`).trim();
    const template = join(folder, 'template');
    ostree(`--repo=${template}`, 'init', '--mode=bare');
    ostree(`--repo=${template}`, 'remote', 'add', '--no-gpg-verify', 'school', `http://${SCHOOL_ADDRESS}/`);
    ostree(`--repo=${template}`, 'pull-local', '--remote=school', archive, first);
    for (let i = 1; i <= laptops; i++) execFileSync('cp', ['-a', '--link', template, join(folder, `laptop${i}`)]);
    ostree(`--repo=${archive}`, 'commit', '--branch=xo', `--tree=dir=${newer}`);
    ostree(`--repo=${archive}`, 'summary', '--update');
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (one) => `${one}_temp_path ${folder}/${one};`,
    );
    // A connection that waits long for its part of the link stays: ostree was seen to wait for ever for one that was closed.
    const patient = 'keepalive_timeout 1h; keepalive_requests 1000000; send_timeout 1h;';
    const http = `access_log off; sendfile on; ${patient} ${paths.join(' ')} server { listen 80; root ${archive}; }`;
    writeFileSync(
      join(folder, 'nginx.conf'),
      `user root; daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/errors;\nevents { worker_connections 4096; } http { ${http} }`,
    );
    return server.spawn('/usr/sbin/nginx', ['-e', `${folder}/errors`, '-c', join(folder, 'nginx.conf')], {
      stdio: 'ignore',
    });
  },
  command: (folder, _, laptop) => ['ostree', `--repo=${join(folder, `laptop${laptop}`)}`, 'pull', 'school', 'xo'],
};

export const RIVALS: readonly Rival[] = [RSYNC, OSTREE];

export async function runRival(
  rival: Rival,
  stage: Stage,
  laptops: number,
  say: (line: string) => void,
): Promise<ClassRun> {
  const folder = join(stage.folder, `${rival.way.split(' ')[0]}-${laptops}`);
  mkdirSync(folder);
  const network = new Network();
  let server: ChildProcess | undefined;
  try {
    network.addBridge(ROOM);
    const school = network.addHost('school', [{ bridge: ROOM, address: `${SCHOOL_ADDRESS}/24` }]);
    const hosts = Array.from({ length: laptops }, (_, i) =>
      network.addHost(`laptop${i + 1}`, [{ bridge: ROOM, address: `10.88.0.${i + 1}/24` }]),
    );
    network.shape(school, SERVER_BITS);
    server = rival.prepare(folder, stage, school, laptops);
    const [first] = hosts;
    for (let i = 0; i < READY_TRIES && first && !(await answers(first, rival.port)); i++) await sleep(100);
    say(`${rival.way}: ${laptops} laptops are ready`);
    const before = [school, ...hosts].map((host) => host.sentBytes());
    const start = performance.now();
    const seconds = await Promise.all(
      hosts.map(async (host, i) => {
        const [program = '', ...args] = rival.command(folder, stage, i + 1);
        const child = host.spawn('timeout', [`${MOST_SECONDS}`, program, ...args], {
          stdio: ['ignore', 'ignore', 'inherit'],
        });
        const [status] = await once(child, 'exit');
        if (status === TIMED_OUT) {
          say(`${rival.way}: laptop ${i + 1} was not done after ${MOST_SECONDS} s`);
          return MOST_SECONDS;
        }
        if (status !== 0) throw new Error(`${rival.way}: laptop ${i + 1} ended with ${status}`);
        return Math.round(performance.now() - start) / 1000;
      }),
    );
    const sent = [school, ...hosts].map((host, i) => host.sentBytes() - (before[i] ?? 0));
    const [serverBytes = 0] = sent;
    const allBytes = sent.reduce((sum, bytes) => sum + bytes, 0);
    return {
      way: rival.way,
      laptops,
      seconds: seconds.toSorted((a, b) => a - b),
      serverBytes,
      allBytes,
      cpuSeconds: 0,
    };
  } finally {
    server?.kill();
    network.remove();
    execFileSync('rm', ['-r', folder]);
  }
}

async function answers(host: Host, port: number): Promise<boolean> {
  const { status } = await host.run('bash', ['-c', `exec 3<>/dev/tcp/${SCHOOL_ADDRESS}/${port}`]);
  return status === 0;
}
