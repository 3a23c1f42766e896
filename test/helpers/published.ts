/** A repository as a school has it, and laptops that were prepared from it: all through the real commands and parts. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../service/daemon/daemon.ts';
import { installVersion } from '../../service/daemon/install.ts';
import { type ConfigValue, VirtualLaptop } from '../../service/demo/virtual-laptop.ts';
import { formatLatest, type Latest, MAX_DOCUMENT_BYTES, parseRelease } from '../../service/image/documents.ts';
import { loadSigner } from '../../service/publish/keys.ts';
import { signDocument } from '../../service/sign/document.ts';
import { readSignedMessage } from '../../service/sign/packets.ts';
import { silentLogger } from './blobs.ts';
import { type PrivateBus, startPrivateBus } from './private-bus.ts';
import { type Ran, ripple, rippleOk } from './ripple.ts';

export const IMAGE = 'xo';

export interface Published {
  readonly image: string;
  readonly repository: string;
  /** The one private key, of every role. */
  readonly key: string;
  readonly keyring: string;
}

/** Publishes `trees` (version, folder) into a new repository under `folder`, with a new key. */
export async function publishTrees(
  folder: string,
  trees: readonly (readonly [number, string])[],
  image = IMAGE,
): Promise<Published> {
  mkdirSync(folder, { recursive: true });
  const [repository, key, keyring] = [join(folder, 'repository'), join(folder, 'key'), join(folder, 'keyring.pgp')];
  await rippleOk(['keygen', '--out', key, '--name', 'Test']);
  await rippleOk(['keyring', 'init', '--repo', repository, '--root', key]);
  for (const [version, tree] of trees) await publishTree({ repository, key, image }, version, tree);
  copyFileSync(join(repository, 'keyring/1.pgp'), keyring);
  return { image, repository, key, keyring };
}

export function publishTree(
  { repository, key, image }: Pick<Published, 'repository' | 'key' | 'image'>,
  version: number,
  tree: string,
): Promise<string> {
  return rippleOk(['publish', tree, '--repo', repository, '--image', image, '--version', `${version}`, '--key', key]);
}

export interface LaptopOptions {
  readonly folder: string;
  readonly published: Published;
  readonly config?: Readonly<Record<string, ConfigValue>>;
  readonly prefix?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Policies of its message bus besides ours, by file. */
  readonly busPolicies?: readonly string[];
}

/** What the daemon says of itself, as `ripple status --json` prints it. */
export interface ToldStatus {
  readonly state: string;
  readonly bootedVersion: number;
  readonly currentVersion: number;
  readonly previousVersion: number;
  readonly stagedVersion: number;
  readonly versions: readonly {
    readonly version: number;
    readonly sources: readonly string[];
    readonly local: boolean;
  }[];
  readonly peers: readonly { readonly id: string; readonly name: string; readonly state: string }[];
  readonly progress: { readonly phase: string; readonly fromPeers: Readonly<Record<string, number>> };
  readonly deferredUntil: number;
  readonly restartRequired: boolean;
  readonly lastError: { readonly code: string; readonly message: string };
}

/** A laptop on version 6, alone unless its configuration says otherwise, with a message bus of its own. Not started. */
export class TestLaptop {
  readonly virtual: VirtualLaptop;
  readonly bus: PrivateBus;
  readonly #t: Pick<TestContext, 'after'>;
  readonly #options: LaptopOptions;

  private constructor(t: Pick<TestContext, 'after'>, options: LaptopOptions, bus: PrivateBus) {
    this.#t = t;
    this.#options = options;
    this.bus = bus;
    this.virtual = this.hardware();
  }

  static async make(t: Pick<TestContext, 'after'>, options: LaptopOptions): Promise<TestLaptop> {
    const laptop = await TestLaptop.empty(t, options);
    await laptop.install(options.published, 6);
    return laptop;
  }

  /** As `make`, for a sysroot that is there already or is to stay empty. */
  static async empty(t: Pick<TestContext, 'after'>, options: LaptopOptions): Promise<TestLaptop> {
    const bus = await startPrivateBus({ policyFiles: options.busPolicies ?? [] });
    t.after(() => bus.stop());
    return new TestLaptop(t, options, bus);
  }

  /** The same sysroot and bus under other circumstances, e.g. below strace(1); only one of them may run at a time. */
  hardware(change: Partial<Pick<LaptopOptions, 'config' | 'prefix' | 'environment'>> = {}): VirtualLaptop {
    const { folder, published, config, prefix, environment } = { ...this.#options, ...change };
    const virtual = new VirtualLaptop({
      folder,
      config: {
        image: published.image,
        keyring: published.keyring,
        'bus.address': this.bus.address,
        'discovery.kind': 'none',
        'check.minutes': 0,
        'boot.restart': ['true'],
        'power.supplies': join(folder, 'no-battery'),
        ...config,
      },
      ...(prefix ? { prefix } : {}),
      ...(environment ? { environment } : {}),
    });
    this.#t.after(() => virtual.stop());
    return virtual;
  }

  install(published: Published, version: number): Promise<void> {
    return installVersion({
      sysroot: this.virtual.sysroot,
      repository: published.repository,
      keyring: published.keyring,
      image: published.image,
      version,
      clock: systemClock,
      logger: silentLogger,
      signal: new AbortController().signal,
    });
  }

  /** `ripple …` to this laptop's daemon. */
  run(...args: readonly string[]): Promise<Ran> {
    return ripple(args, { env: { RIPPLE_BUS: this.bus.address } });
  }
  ok(...args: readonly string[]): Promise<string> {
    return rippleOk(args, { env: { RIPPLE_BUS: this.bus.address } });
  }
  async status(): Promise<ToldStatus> {
    return JSON.parse(await this.ok('status', '--json'));
  }
  tree(version: number): string {
    return join(this.virtual.sysroot, 'rootfs', `${this.#options.published.image}.${version}`);
  }

  /** mtree(8) finds nothing that differs from what was published. */
  assertTree(published: Published, version: number): void {
    const judged = spawnSync('mtree', ['-f', manifestOf(published, version), '-p', this.tree(version)], {
      encoding: 'utf8',
    });
    assert.equal(judged.stdout, '', 'mtree');
    assert.equal(judged.status, 0, judged.stderr);
  }
}

/** The manifest's file in the repository, by what the release says. */
export function manifestOf({ repository, image }: Pick<Published, 'repository' | 'image'>, version: number): string {
  const release = readFileSync(join(repository, `images/${image}/${version}.pgp`));
  const { manifest } = parseRelease(readSignedMessage(release, MAX_DOCUMENT_BYTES).payload);
  return join(repository, 'blobs', manifest.sha256);
}

/** Signs a statement of the newest version with the repository's key, as an older or newer `publish` would have. */
export async function signLatest({ key }: Published, latest: Latest): Promise<Uint8Array> {
  return signDocument(formatLatest(latest), [await loadSigner(key)]);
}
