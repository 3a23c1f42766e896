/** Why a source did not give what it was asked for: the swarm decides on `reason`, people read the message. */
import { RippleError } from '../api/errors.ts';

/**
 * - `missing`: it does not have this one (404).
 * - `busy`: no free upload slot (503); not its fault, ask again after `retryAfterMs`.
 * - `unreachable`: no connection, or it broke.
 * - `stalled`: connected, but no bytes, or so few that it would never end.
 * - `unusable`: it answers, but not as a repository does (redirect, 5xx, an encoding nobody asked for).
 * - `lied`: what it sent cannot be what was asked for (wrong length, wrong hash, a web page).
 */
export type SourceFault = 'missing' | 'busy' | 'unreachable' | 'stalled' | 'unusable' | 'lied';

/** Thrown by every `Source`. `lied` has code `HashMismatch`, the others `NoSource`. */
export class SourceError extends RippleError {
  readonly reason: SourceFault;
  readonly sourceId: string;
  /** Only with `busy`. */
  readonly retryAfterMs: number;
  constructor(reason: SourceFault, sourceId: string, message: string, retryAfterMs = 0) {
    super(reason === 'lied' ? 'HashMismatch' : 'NoSource', `${sourceId}: ${message}`);
    this.reason = reason;
    this.sourceId = sourceId;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What a `Source` threw, as a `SourceError`; foreign errors count as "broke". */
export function asSourceError(thrown: unknown, sourceId: string): SourceError {
  if (thrown instanceof SourceError) return thrown;
  if (thrown instanceof RippleError)
    return new SourceError(thrown.code === 'HashMismatch' ? 'lied' : 'unreachable', sourceId, thrown.message);
  const errno = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
  return new SourceError('unreachable', sourceId, `connection failed (${errno ?? 'unknown error'})`);
}
