/** With nobody near a fetch waits so long for somebody before it says so. */
export const NOBODY_PATIENCE_MS = 30_000;
export const LOOK_AGAIN_MS = 1000;
