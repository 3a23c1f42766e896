/** Two versions that share what is equal, and ways to damage one so that not everything shows. */
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../../service/api/errors.ts';
import { type RepairResult, repairDeployment } from '../../service/deploy/repair.ts';
import { type Damage, verifyDeployment } from '../../service/deploy/verify.ts';
import { setTimes } from '../../service/sys/libc.ts';
import { smallImage, TestSysroot, xo } from './sysroot.ts';

/** Versions 6 and 7 of the small image, sharing: to be damaged, looked through and repaired. */
export class DeployedPair {
  readonly sysroot: TestSysroot;
  readonly six: string;
  readonly seven: string;
  /** Blobs that a repair asked for. */
  fetched: string[] = [];
  constructor(sysroot: TestSysroot) {
    this.sysroot = sysroot;
    this.six = sysroot.layout.deployment(xo(6));
    this.seven = sysroot.layout.deployment(xo(7));
  }
  static async in(root: string): Promise<DeployedPair> {
    const sysroot = new TestSysroot(root);
    await sysroot.deploy(6);
    await sysroot.deploy(7, 6);
    return new DeployedPair(sysroot);
  }
  async damaged(version: 6 | 7): Promise<readonly Damage[]> {
    const root = version === 6 ? this.six : this.seven;
    return (await verifyDeployment(root, smallImage(version).entries)).damaged;
  }
  async repair(damaged: readonly Damage[]): Promise<RepairResult> {
    const { layout } = this.sysroot;
    return repairDeployment(layout, {
      tree: this.sysroot.base(7, smallImage(7)).deployment && { deployment: xo(7), manifest: smallImage(7).entries },
      others: [{ deployment: xo(6), manifest: smallImage(6).entries }],
      damaged,
      fetchBlob: async ({ sha256 }) => {
        this.fetched.push(sha256);
        const content = smallImage(7).blobs.get(sha256);
        if (content === undefined) throw new RippleError('NoSource', 'nobody has it');
        const path = join(layout.blobs, sha256);
        writeFileSync(path, content);
        return path;
      },
    });
  }
}

/** Changes bytes but neither size nor time: only the hash tells. */
export function scribble(path: string): void {
  const { mtimeNs } = lstatSync(path, { bigint: true });
  const content = readFileSync(path);
  writeFileSync(path, Buffer.alloc(content.length, 'x'));
  setTimes(Buffer.from(path), mtimeNs);
}

/** What `change` does to the entries of `folder` does not show in its time. */
export function keepTime(folder: string, change: () => void): void {
  const { mtimeNs } = lstatSync(folder, { bigint: true });
  change();
  setTimes(Buffer.from(folder), mtimeNs);
}
