/**
 * The states of a laptop's updater, and every transition between them.
 *
 *            check                   found                    get / goal kept
 *   ┌─────┐ ───────▶ ┌──────────┐ ───────────▶ ┌───────────┐ ───────────────▶ ┌──────────┐
 *   │idle │          │ checking │              │ available │                  │ fetching │◀─┐ source lost,
 *   └─────┘ ◀─────── └──────────┘              └───────────┘ ◀─────────────── └──────────┘──┘ next source
 *      ▲    nothing new                                   cancel                 │ all bytes here, hashes right
 *      │                                                                         ▼
 *      │    booted the new one, or went back                                 ┌─────────┐
 *      │ ◀────────────────────────────────── ┌────────────┐                  │ staging │
 *      │                                     │ restarting │                  └─────────┘
 *      │                                     └────────────┘                      │ written, verified, renamed
 *      │    drop                 restart ▲                                       ▼
 *      └──────────────────────────────── └──────────────────────────────── ┌───────┐
 *                                                                          │ ready │
 *   any of checking, fetching, staging, ready, restarting ── trouble ──▶ failed    └───────┘
 *   failed ── check / get ──▶ checking / fetching
 *
 * `core/engine.ts` holds the table as a pure function; a test walks every state × event.
 */
export const UPDATER_STATES = [
  'idle',
  'checking',
  'available',
  'fetching',
  'staging',
  'ready',
  'restarting',
  'failed',
] as const;
export type UpdaterState = (typeof UPDATER_STATES)[number];
