/** Where readers wait for an upload slot instead of being refused: at a server, for there is nobody else to ask. */
export interface WaitingLine {
  /** Who comes when all of them are taken is refused at once. */
  readonly places: number;
  /** Well below the time in which a reader thinks that the server stalled. */
  readonly waitMs: number;
}

/** What a school server has: with a request of each of its readers in it, the wait is seconds. */
export const SCHOOL_LINE: WaitingLine = { places: 256, waitMs: 4000 };
