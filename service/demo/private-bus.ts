/** A message bus of the demo's own, so that it needs no root and touches nothing of the machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unixAddress } from '../../dbus/address.ts';
import { privateBusConfig } from '../../dbus/private-bus-config.ts';
import { RippleError } from '../api/errors.ts';

export interface DemoBus {
  readonly address: string;
  readonly process: ChildProcess;
}

/** Resolves once it listens. @throws RippleError when there is no dbus-daemon */
export function startDemoBus(folder: string, policyFile: string): Promise<DemoBus> {
  mkdirSync(folder, { recursive: true });
  const socketPath = join(folder, 'bus');
  const configFile = join(folder, 'bus.conf');
  writeFileSync(
    configFile,
    privateBusConfig({ socketPath, ownerUid: process.getuid?.() ?? 0, policyFiles: [policyFile] }),
  );
  return new Promise((resolve, reject) => {
    const child = spawn(
      'dbus-daemon',
      [`--config-file=${configFile}`, '--nofork', '--nopidfile', '--print-address=1'],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    child.once('error', () =>
      reject(new RippleError('IoError', 'cannot start dbus-daemon; install the Debian package dbus-daemon')),
    );
    child.once('exit', (status) => reject(new RippleError('IoError', `dbus-daemon ended with status ${status}`)));
    child.stdout.once('data', () => resolve({ address: unixAddress(socketPath), process: child }));
  });
}
