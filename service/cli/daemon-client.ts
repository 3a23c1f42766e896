/** What the commands that talk to the daemon share: the connection, its options, the snapshot in plain values. */
import { UpdaterClient } from '../../dbus/client.ts';
import { decodeLastError, decodePeers, decodeProgress, decodeVersions } from '../../dbus/decode.ts';
import { RippleError } from '../api/errors.ts';
import type { LastError, PeerInfo, ProgressInfo, VersionInfo } from '../api/model.ts';
import type { Invocation, OptionSpec } from './command.ts';

export const CLIENT_OPTIONS = {
  bus: {
    type: 'string',
    value: 'ADDRESS',
    doc: 'D-Bus address of the daemon; the system bus when not given, or $RIPPLE_BUS',
  },
  json: { type: 'boolean', doc: 'print JSON for programs' },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** The properties of the daemon as the command line prints them. */
export interface Status {
  readonly state: string;
  readonly image: string;
  readonly bootedVersion: number;
  readonly currentVersion: number;
  readonly previousVersion: number;
  readonly stagedVersion: number;
  readonly versions: readonly VersionInfo[];
  readonly peers: readonly PeerInfo[];
  readonly progress: ProgressInfo;
  readonly deferredUntil: number;
  readonly restartRequired: boolean;
  readonly lastError: LastError;
  readonly daemonVersion: string;
}

export function statusOf(client: UpdaterClient): Status {
  const p = client.properties;
  return {
    state: p.State ?? 'idle',
    image: p.Image ?? '',
    bootedVersion: p.BootedVersion ?? 0,
    currentVersion: p.CurrentVersion ?? 0,
    previousVersion: p.PreviousVersion ?? 0,
    stagedVersion: p.StagedVersion ?? 0,
    versions: decodeVersions(p.Versions ?? []),
    peers: decodePeers(p.Peers ?? []),
    progress: decodeProgress(p.Progress ?? {}),
    deferredUntil: Number(p.DeferredUntil ?? 0n),
    restartRequired: p.RestartRequired ?? false,
    lastError: decodeLastError(p.LastError ?? {}),
    daemonVersion: p.DaemonVersion ?? '',
  };
}

/** Connects, runs `work`, disconnects. @throws RippleError `IoError` saying how to start the daemon when it is away. */
export async function withDaemon<Result>(
  invocation: Invocation,
  work: (client: UpdaterClient) => Promise<Result>,
): Promise<Result> {
  const address = invocation.string('bus') ?? process.env.RIPPLE_BUS;
  const client = await UpdaterClient.connect(address === undefined || address === '' ? undefined : address);
  try {
    if (!client.present) {
      throw new RippleError(
        'IoError',
        'the daemon is not running; start it: systemctl start ripple, or ripple daemon --config FILE',
      );
    }
    return await work(client);
  } finally {
    client.close();
  }
}

/**
 * Resolves with the first status for which `done` is true; `watch` sees every one before it. Ends with `Cancelled` on
 * Ctrl-C, and with `IoError` when the daemon goes away.
 */
export function waitFor(
  client: UpdaterClient,
  signal: AbortSignal,
  watch: (status: Status) => void,
  done: (status: Status) => boolean,
): Promise<Status> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      unsubscribe();
      signal.removeEventListener('abort', aborted);
    };
    const aborted = (): void => {
      finish();
      reject(new RippleError('Cancelled', 'stopped waiting; the daemon goes on (to stop it: ripple cancel)'));
    };
    const look = (): void => {
      if (!client.present) {
        finish();
        reject(new RippleError('IoError', 'the daemon went away'));
        return;
      }
      const status = statusOf(client);
      watch(status);
      if (!done(status)) return;
      finish();
      resolve(status);
    };
    const unsubscribe = client.onChange(look);
    signal.addEventListener('abort', aborted);
    look();
  });
}
