/** Where everything lies under the sysroot. The only file that joins these names. */
import { join } from 'node:path';

export interface Deployment {
  readonly image: string;
  readonly version: number;
}

/**
 * ```
 * <sysroot>/rootfs/xo.7, xo.8.partial, boot -> config.12, config.12/{current,previous,tries+3}, current, previous
 * <sysroot>/ripple/            0700
 *   lock                       held while a daemon works on this sysroot
 *   state.json                 what the engine must remember (see core/engine-state)
 *   keyring.pgp                newest verified keyring
 *   keyrings/<n>.pgp           every verified keyring, for neighbours that are further back in the chain
 *   latest/<image>.pgp         highest `latest` seen
 *   releases/<image>.<n>.pgp   verified releases, of deployments and of versions heard of
 *   orders/<image>.<epoch>.pgp verified orders
 *   manifests/<image>.<n>      manifest of a deployment, or of the one that is being fetched
 *   blobs/<sha256>             whole and checked, waiting to be staged (and notes)
 *   blobs/<sha256>.part        what came so far
 *   bundles/<A>-<B>            the bundle that was used last, for neighbours; <A>-<B>.part: what came so far
 *   bundles/unpacked/          what is being made of a bundle
 *   repair/                    files that are about to replace damaged ones
 *   history.jsonl              what happened, newest last, bounded
 *   class.json                 teacher: who was in the class
 *   etc.json                   files of /etc whose own copy hides a newer one of the version
 * <sysroot>/ripple-rsync/      only while rsync runs: where it may write, as nobody, so not below a folder that is closed to it
 * <sysroot>/laptop/            what belongs to the laptop, whichever version runs: etc (upper layer), var, home, root
 * ```
 */
export class Layout {
  readonly sysroot: string;
  constructor(sysroot: string) {
    this.sysroot = sysroot;
  }
  get rootfs(): string {
    return join(this.sysroot, 'rootfs');
  }
  get bootPointer(): string {
    return join(this.rootfs, 'boot');
  }
  deployment(d: Deployment): string {
    return join(this.rootfs, deploymentName(d));
  }
  partial(d: Deployment): string {
    return join(this.rootfs, `${deploymentName(d)}.partial`);
  }
  config(n: number): string {
    return join(this.rootfs, `config.${n}`);
  }
  get state(): string {
    return join(this.sysroot, 'ripple');
  }
  get lock(): string {
    return join(this.state, 'lock');
  }
  get stateFile(): string {
    return join(this.state, 'state.json');
  }
  get keyring(): string {
    return join(this.state, 'keyring.pgp');
  }
  keyringNumbered(n: number): string {
    return join(this.state, 'keyrings', `${n}.pgp`);
  }
  order(image: string, epoch: number): string {
    return join(this.state, 'orders', `${image}.${epoch}.pgp`);
  }
  get blobs(): string {
    return join(this.state, 'blobs');
  }
  get bundles(): string {
    return join(this.state, 'bundles');
  }
  bundle(name: { readonly from: string; readonly to: string }): string {
    return join(this.bundles, `${name.from}-${name.to}`);
  }
  get unpacked(): string {
    return join(this.bundles, 'unpacked');
  }
  get repair(): string {
    return join(this.state, 'repair');
  }
  get rsync(): string {
    return join(this.sysroot, 'ripple-rsync');
  }
  /** As `repair`, where a tree is a file system of its own (a subvolume): names cannot be moved into it from outside. */
  repairInside(d: Deployment): string {
    return join(this.deployment(d), '.ripple-repair');
  }
  get history(): string {
    return join(this.state, 'history.jsonl');
  }
  get sourcesFile(): string {
    return join(this.state, 'sources.json');
  }
  get classFile(): string {
    return join(this.state, 'class.json');
  }
  get etc(): string {
    return join(this.state, 'etc.json');
  }
  /** The upper layer of /etc. */
  get ownEtc(): string {
    return join(this.sysroot, 'laptop', 'etc');
  }
  get manifests(): string {
    return join(this.state, 'manifests');
  }
  get releases(): string {
    return join(this.state, 'releases');
  }
  /** Every folder of small documents, which are replaced as a whole. */
  get documents(): readonly string[] {
    const folders = ['keyrings', 'latest', 'releases', 'orders', 'manifests'];
    return [this.state, ...folders.map((name) => join(this.state, name))];
  }
  manifest(d: Deployment): string {
    return join(this.manifests, deploymentName(d));
  }
  release(d: Deployment): string {
    return join(this.releases, `${deploymentName(d)}.pgp`);
  }
  latest(image: string): string {
    return join(this.state, 'latest', `${image}.pgp`);
  }
}

export function deploymentName(d: Deployment): string {
  return `${d.image}.${d.version}`;
}

/** `xo.7` → image and version; `undefined` for any other name (`xo.7.partial`, `config.3`, …). */
export function parseDeploymentName(name: string): Deployment | undefined {
  const match = /^([a-z0-9][a-z0-9_-]{0,63})\.([1-9][0-9]{0,8})$/.exec(name);
  if (!match || match[1] === undefined || match[2] === undefined || match[1] === 'config') return undefined;
  return { image: match[1], version: Number(match[2]) };
}
