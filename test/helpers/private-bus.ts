/** A real dbus-daemon in a temporary folder, with the rules of a system bus and of our own policy file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unixAddress } from '../../dbus/address.ts';
import { privateBusConfig } from '../../dbus/private-bus-config.ts';

/** The checkout's root, seen from `build/test/helpers`. */
export const PROJECT_ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');

export interface PrivateBus {
  /** For `connectBus`, `busctl --address=`, `gdbus --address`. */
  readonly address: string;
  /** Where the socket lies; tests may put files beside it. */
  readonly folder: string;
  /** The daemon's process. */
  readonly process: ChildProcess;
  /** Ends the daemon and removes the folder; safe to call twice. */
  stop(): Promise<void>;
}

export interface PrivateBusSettings {
  /** Default: whoever runs the test. */
  readonly ownerUid?: number;
  /** Policies besides ours, by file. */
  readonly policyFiles?: readonly string[];
  readonly serviceFolders?: readonly string[];
}

export async function startPrivateBus(settings: PrivateBusSettings = {}): Promise<PrivateBus> {
  const folder = await mkdtemp(join(tmpdir(), 'ripple-bus-'));
  // Other users connect too.
  await chmod(folder, 0o755);
  const socketPath = join(folder, 'socket');
  const config = join(folder, 'bus.conf');
  const ours = join(PROJECT_ROOT, 'assets/dbus/org.laptop.Ripple1.conf');
  await writeFile(
    config,
    privateBusConfig({
      socketPath,
      ownerUid: settings.ownerUid ?? process.getuid?.() ?? 0,
      policyFiles: [ours, ...(settings.policyFiles ?? [])],
      serviceFolders: settings.serviceFolders ?? [],
    }),
  );
  const command = ['dbus-daemon', `--config-file=${config}`, '--nofork', '--nopidfile', '--print-address'];
  // It must not outlive a test that is killed.
  const daemon = spawn('setpriv', ['--pdeathsig=TERM', ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => daemon.once('close', () => resolve()));
  let complaints = '';
  daemon.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk).slice(-10_000);
  });
  await new Promise<void>((resolve, reject) => {
    daemon.once('error', reject);
    daemon.once('close', () => reject(new Error(`dbus-daemon did not start: ${complaints}`)));
    // It prints its address once it listens.
    daemon.stdout.once('data', () => resolve());
  });
  return {
    address: unixAddress(socketPath),
    folder,
    process: daemon,
    async stop() {
      daemon.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
