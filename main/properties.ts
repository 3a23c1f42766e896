import { decodeLastError, decodePeers, decodeProgress, decodeVersions } from '../dbus/decode.ts';
import type { ActivityProperties } from '../service/api/activity.ts';
import type { Properties } from '../service/api/description.ts';
import { UPDATER_STATES } from '../service/api/states.ts';

/** D-Bus values → what the window hears. `undefined` while the daemon's state is not known. */
export function propertiesOf(values: Partial<Properties>): ActivityProperties | undefined {
  const state = UPDATER_STATES.find((known) => known === values.State);
  if (!state) return undefined;
  return {
    state,
    image: values.Image ?? '',
    bootedVersion: values.BootedVersion ?? 0,
    currentVersion: values.CurrentVersion ?? 0,
    previousVersion: values.PreviousVersion ?? 0,
    stagedVersion: values.StagedVersion ?? 0,
    versions: decodeVersions(values.Versions),
    peers: decodePeers(values.Peers),
    progress: decodeProgress(values.Progress),
    deferredUntil: Number(values.DeferredUntil ?? 0n),
    restartRequired: values.RestartRequired ?? false,
    lastError: decodeLastError(values.LastError),
  };
}
