/** The updater as the bus and the command line see it: the daemon implements this, `bus/` exports it. */
import type { LastError, OrderInfo, UpdaterSnapshot, VersionInfo, When } from '../api/model.ts';
import type { UpdaterState } from '../api/states.ts';

export type { UpdaterSnapshot };

export type UpdaterSignal =
  | { readonly name: 'UpdateAvailable'; readonly info: VersionInfo }
  | { readonly name: 'UpdateReady'; readonly info: VersionInfo }
  | { readonly name: 'UpdateFailed'; readonly version: number; readonly error: LastError }
  | { readonly name: 'RolledBack'; readonly from: number; readonly to: number; readonly reason: string }
  | { readonly name: 'OrderReceived'; readonly order: OrderInfo }
  | { readonly name: 'StateChanged'; readonly old: UpdaterState; readonly new: UpdaterState };

/**
 * Methods reject with `RippleError`. `check`, `fetch` resolve as soon as the work has begun (its end is told by
 * properties and signals); the others resolve when done.
 */
export interface Updater {
  snapshot(): UpdaterSnapshot;
  onChange(listener: () => void): void;
  onSignal(listener: (signal: UpdaterSignal) => void): void;
  /** `origin`: `http://127.0.0.1:PORT` of somebody on this machine who gives a repository for a while. */
  check(origin?: string): Promise<void>;
  fetch(version: number): Promise<void>;
  accept(version: number, when: When): Promise<void>;
  defer(version: number, untilUnixSeconds: number): Promise<void>;
  rollback(): Promise<void>;
  cancel(): Promise<void>;
  verify(): Promise<{ readonly checked: number; readonly damaged: number }>;
  repair(): Promise<{ readonly repaired: number }>;
  restart(): Promise<void>;
}
