/**
 * What the staging contest runs: one version from a repository folder into a sysroot, in a fresh process. Documents are
 * verified, blobs hashed, the tree written and forced to the disk, exactly as the daemon does it.
 * Usage: node stage-once.js SYSROOT REPOSITORY KEYRING IMAGE VERSION [--choose]
 */
import { installVersion, stageVersion } from '../../service/daemon/install.ts';

const [sysroot = '', repository = '', keyring = '', image = '', version = '', choose] = process.argv.slice(2);
const work = choose === '--choose' ? installVersion : stageVersion;
await work({
  sysroot,
  repository,
  keyring,
  image,
  version: Number(version),
  clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
  logger: { info: () => {}, warn: () => {} },
  signal: new AbortController().signal,
});
