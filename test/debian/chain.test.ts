/**
 * Real Debian trees along a chain of laptops: server → A → B → C, each link a network of its own, so that B and C never
 * reach the server. Real daemons, real mDNS, the real boot script; at the end the outside judges look at each tree.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../service/daemon/daemon.ts';
import { installVersion } from '../../service/daemon/install.ts';
import { VirtualLaptop } from '../../service/demo/virtual-laptop.ts';
import { debianTrees, debianTreesMissing } from '../helpers/debian-trees.ts';
import { type Host, Network } from '../helpers/namespaces.ts';
import { namespacesMissing } from '../helpers/netns.ts';
import { type PrivateBus, startPrivateBus } from '../helpers/private-bus.ts';
import { rippleOk } from '../helpers/ripple.ts';

const skip = namespacesMissing || debianTreesMissing;
if (skip) console.log(`SKIPPED: the chain of laptops on real Debian trees: ${skip}`);

interface Laptop {
  readonly name: string;
  readonly host: Host;
  readonly virtual: VirtualLaptop;
  readonly bus: PrivateBus;
}

const say = (line: string): void => console.log(`  ${line}`);
const started: { stop(): Promise<void> | void }[] = [];
let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'ripple-chain-'));
});
after(async () => {
  for (const one of started.reverse()) await one.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a Debian security update travels server → A → B → C, and each tree is what was published', { skip }, async () => {
  const trees = debianTrees(say);
  const repository = join(folder, 'repository');
  const key = join(folder, 'release.key');
  await rippleOk(['keygen', '--out', key, '--name', 'Test']);
  await rippleOk(['keyring', 'init', '--repo', repository, '--root', key]);
  let bundle: { bytes: number; blobBytes: number } | undefined;
  for (const [version, tree] of [
    ['6', trees.older],
    ['7', trees.newer],
  ] as const) {
    const printed = await rippleOk([
      'publish',
      tree,
      '--repo',
      repository,
      '--image',
      'xo',
      '--version',
      version,
      '--key',
      key,
      '--json',
      ...(version === '7' ? ['--diff-from', '6'] : []),
    ]);
    say(`published ${version}: ${printed.trim()}`);
    const told: { bundles: { bytes: number; blobBytes: number }[] } = JSON.parse(printed);
    [bundle] = told.bundles;
  }
  const keyring = join(folder, 'keyring.pgp');
  copyFileSync(join(repository, 'keyring/1.pgp'), keyring);

  const network = new Network();
  started.push({ stop: () => network.remove() });
  for (const bridge of ['school', 'ab', 'bc']) network.addBridge(bridge);
  const serverHost = network.addHost('server', [{ bridge: 'school', address: '10.70.1.1/24' }]);
  const hosts = [
    network.addHost('a', [
      { bridge: 'school', address: '10.70.1.2/24' },
      { bridge: 'ab', address: '10.70.2.1/24' },
    ]),
    network.addHost('b', [
      { bridge: 'ab', address: '10.70.2.2/24' },
      { bridge: 'bc', address: '10.70.3.1/24' },
    ]),
    network.addHost('c', [{ bridge: 'bc', address: '10.70.3.2/24' }]),
  ];
  const common = {
    image: 'xo',
    keyring,
    'share.listen': ['0.0.0.0'],
    'share.port': 8517,
    'discovery.kind': 'bonjour',
    'check.minutes': 0,
  } as const;
  const inside = (host: Host): readonly string[] => ['ip', 'netns', 'exec', host.netns];
  const server = new VirtualLaptop({
    folder: join(folder, 'server'),
    config: { ...common, role: 'school', repository },
    prefix: inside(serverHost),
  });
  started.push(server);
  await server.start();

  const laptops: Laptop[] = [];
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    const host = hosts[index];
    assert.ok(host);
    const bus = await startPrivateBus();
    started.push(bus);
    const virtual = new VirtualLaptop({
      folder: join(folder, name),
      config: { ...common, 'bus.address': bus.address, 'owner.name': name.toUpperCase(), 'boot.restart': ['true'] },
      prefix: inside(host),
    });
    const logger = { info: () => {}, warn: () => {} };
    await installVersion({
      sysroot: virtual.sysroot,
      repository,
      keyring,
      image: 'xo',
      version: 6,
      clock: systemClock,
      logger,
      signal: new AbortController().signal,
    });
    await virtual.start();
    started.push(virtual);
    laptops.push({ name, host, virtual, bus });
  }

  for (const [index, laptop] of laptops.entries()) {
    const at = ['--bus', laptop.bus.address];
    if (index > 0) {
      const reached = spawnSync('ip', ['netns', 'exec', laptop.host.netns, 'ping', '-c', '1', '-W', '1', '10.70.1.1'], {
        encoding: 'utf8',
      });
      assert.notEqual(reached.status, 0, `${laptop.name} must not reach the server`);
    }
    await untilOffered(laptop, 7);
    const got: { progress: { fromPeers: Record<string, number> }; peers: { id: string; name: string }[] } = JSON.parse(
      await rippleOk(['get', '7', '--json', ...at]),
    );
    await rippleOk(['accept', '7', ...at]);
    await laptop.virtual.restart();
    const status: { bootedVersion: number; previousVersion: number } = JSON.parse(
      await rippleOk(['status', '--json', ...at]),
    );
    assert.equal(status.bootedVersion, 7);
    assert.equal(status.previousVersion, 6);
    const came = Object.values(got.progress.fromPeers).reduce((sum, bytes) => sum + bytes, 0);
    say(
      `${laptop.name} is on 7; ${came} bytes came for the update, the blobs have ${bundle?.blobBytes}; by source: ${JSON.stringify(got.progress.fromPeers)}`,
    );
    assert.equal(came, bundle?.bytes, `${laptop.name} must take the bundle and nothing else`);
    judge(laptop, repository, trees.newer);
  }
});

/** mtree says nothing, and rsync would change nothing. */
function judge(laptop: Laptop, repository: string, source: string): void {
  const tree = join(laptop.virtual.sysroot, 'rootfs/xo.7');
  const release: { manifest: { sha256: string } } = JSON.parse(
    execFileSync('gpg', ['--batch', '--quiet', '--skip-verify', '--decrypt', join(repository, 'images/xo/7.pgp')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  const manifest = join(repository, 'blobs', release.manifest.sha256);
  const mtree = spawnSync('mtree', ['-f', manifest, '-p', tree], { encoding: 'utf8', maxBuffer: 1e9 });
  assert.equal(mtree.stdout, '', `mtree on ${laptop.name}`);
  assert.equal(mtree.status, 0);
  const rsync = spawnSync('rsync', ['-aHAXn', '--delete', '--itemize-changes', `${source}/`, `${tree}/`], {
    encoding: 'utf8',
  });
  assert.equal(rsync.stdout, '', `rsync on ${laptop.name}`);
  assert.equal(rsync.status, 0);
  assert.ok(readFileSync(manifest).length > 0);
}

/** Waits until the laptop has heard of `version` from somebody by itself: nothing told it where to look. */
async function untilOffered(laptop: Laptop, version: number): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt++) {
    const status: { versions: { version: number; sources: string[] }[] } = JSON.parse(
      await rippleOk(['status', '--json', '--bus', laptop.bus.address]),
    );
    if (status.versions.some((info) => info.version === version && info.sources.length > 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error(`${laptop.name} never heard of version ${version}:\n${readFileSync(laptop.virtual.logFile, 'utf8')}`);
}
