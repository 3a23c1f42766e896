/** Every channel between the Electron window and its main process. There are no others. */
export const CHANNELS = {
  /** Window → main: send snapshots to me. */
  subscribe: 'ripple:subscribe',
  /** Main → window: a snapshot. */
  snapshot: 'ripple:snapshot',
  /** Window → main, answered: a call of the list. */
  call: 'ripple:call',
} as const;
