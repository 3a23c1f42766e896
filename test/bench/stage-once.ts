/**
 * What the staging contest runs: one version from a repository folder into a sysroot, in a fresh process. Documents are
 * verified, blobs hashed, the tree written and forced to the disk, exactly as the daemon does it.
 * Usage: node stage-once.js SYSROOT REPOSITORY KEYRING IMAGE VERSION BACKEND|auto [--choose]
 */

import { installVersion, stageVersion } from '../../service/daemon/install.ts';
import { BACKEND_NAMES } from '../../service/deploy/backend.ts';

const [sysroot = '', repository = '', keyring = '', image = '', version = '', backendName = '', choose] =
  process.argv.slice(2);
const work = choose === '--choose' ? installVersion : stageVersion;
const backend = BACKEND_NAMES.find((name) => name === backendName);
await work({
  ...(backend ? { backend } : {}),
  sysroot,
  repository,
  keyring,
  image,
  version: Number(version),
  clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
  logger: { info: () => {}, warn: () => {} },
  signal: new AbortController().signal,
});
