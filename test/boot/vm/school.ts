/** A school: its images in a repository, a server on this machine, laptops as disks and what starts them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../service/daemon/daemon.ts';
import { installVersion } from '../../../service/daemon/install.ts';
import { VirtualLaptop } from '../../../service/demo/virtual-laptop.ts';
import { silentLogger } from '../../helpers/blobs.ts';
import { type Published, publishTree } from '../../helpers/published.ts';
import { rippleOk } from '../../helpers/ripple.ts';
import { unpackInitrd, unpackKernel } from './kernel-image.ts';

export const IMAGE = 'xo';
const DISK_BYTES = 2_000_000_000;

export class School {
  readonly folder: string;
  readonly published: Published;
  readonly server: VirtualLaptop;
  /** By version: the disk of a new laptop, once it is made. */
  readonly #disks = new Map<number, Promise<string>>();

  private constructor(folder: string, published: Published, server: VirtualLaptop) {
    this.folder = folder;
    this.published = published;
    this.server = server;
  }

  /** Keys and an empty repository. */
  static async found(folder: string): Promise<School> {
    const school = School.at(folder);
    const { repository, key } = school.published;
    await rippleOk(['keygen', '--out', key, '--name', 'Test']);
    await rippleOk(['keyring', 'init', '--repo', repository, '--root', key]);
    return school;
  }

  /** One that is there already. */
  static at(folder: string, port = 0): School {
    const [repository, key] = [join(folder, 'repository'), join(folder, 'key')];
    const published = { image: IMAGE, repository, key, keyring: join(repository, 'keyring/1.pgp') };
    const server = new VirtualLaptop({
      folder: join(folder, 'server'),
      config: {
        role: 'school',
        image: IMAGE,
        repository,
        keyring: published.keyring,
        'discovery.kind': 'none',
        'share.port': port,
      },
    });
    return new School(folder, published, server);
  }

  tree(version: number): string {
    return join(this.folder, `tree-${version}`);
  }

  /** Publishes the tree of `version` and keeps its kernel and initramfs, for who starts it. */
  async publish(version: number): Promise<void> {
    const tree = this.tree(version);
    await publishTree(this.published, version, tree);
    const boot = join(this.folder, `boot-${version}`);
    mkdirSync(boot);
    const names = readdirSync(join(tree, 'boot'));
    const find = (start: string): string => join(tree, 'boot', names.find((name) => name.startsWith(start)) ?? start);
    unpackKernel(find('vmlinuz-'), join(boot, 'kernel'));
    unpackInitrd(find('initrd.img-'), join(boot, 'initrd'));
  }

  /** As a guest sees the server, through QEMU's user network. */
  get origin(): string {
    return this.server.url.replace(/127\.0\.0\.1|0\.0\.0\.0|localhost/, '10.0.2.2');
  }

  /** A new laptop on `version`, whose own /etc knows this school's server. */
  async makeDisk(target: string, version: number): Promise<void> {
    // Several laptops begin at once: the first makes the disk, the others wait for it.
    const image = this.#disks.get(version) ?? this.#makeImage(version);
    this.#disks.set(version, image);
    execFileSync('cp', ['--sparse=always', await image, target]);
  }

  async #makeImage(version: number): Promise<string> {
    const sysroot = join(this.folder, `sysroot-${version}`);
    mkdirSync(sysroot);
    await installVersion({
      sysroot,
      repository: this.published.repository,
      keyring: this.published.keyring,
      image: IMAGE,
      version,
      clock: systemClock,
      logger: silentLogger,
      signal: new AbortController().signal,
    });
    const own = join(sysroot, 'laptop/etc/ripple');
    mkdirSync(own, { recursive: true });
    const settings = { origins: [this.origin], 'discovery.kind': 'none', 'check.minutes': 0 };
    const lines = Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    writeFileSync(join(own, 'ripple.toml'), `${lines.join('\n')}\n`);
    // As an adopted system has it: nobody may mount / for writing because of this.
    writeFileSync(join(own, '../fstab'), '/dev/vda / ext4 errors=remount-ro 0 1\n');
    const image = `${sysroot}.img`;
    writeFileSync(image, '');
    truncateSync(image, DISK_BYTES);
    execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', sysroot, image]);
    return image;
  }

  bootFiles(version: number): { readonly kernel: string; readonly initrd: string } {
    const boot = join(this.folder, `boot-${version}`);
    return { kernel: join(boot, 'kernel'), initrd: join(boot, 'initrd') };
  }
}
