/** Where a laptop stands when nothing is under way, and what it may get from there. Pure. */
import { RippleError } from '../api/errors.ts';
import type { UpdaterEvent } from '../core/transitions.ts';
import type { MemoryState } from './memory.ts';
import type { Facts } from './parts.ts';

/** What somebody went back from is shown again to whoever looks; what did not work here only to who names it (`fetch`). */
export function standing(
  facts: Facts,
  found: readonly number[],
  { shunned, failed }: Pick<MemoryState, 'shunned' | 'failed'>,
  asked: boolean,
): Extract<UpdaterEvent, 'checked-ready' | 'checked-newer' | 'checked-nothing'> {
  const isOffered = (version: number): boolean =>
    version > facts.booted &&
    version !== facts.current &&
    !failed.includes(version) &&
    (asked || !shunned.includes(version));
  if (facts.staged > 0 && isOffered(facts.staged)) return 'checked-ready';
  return found.some(isOffered) ? 'checked-newer' : 'checked-nothing';
}

/**
 * `mayGoBack`: also below the version that runs.
 * @throws RippleError `WrongState` for the version that runs and is chosen, `Downgrade` for one below it that is not here
 */
export function requireGettable(facts: Facts, version: number, mayGoBack: boolean): void {
  if (version === facts.booted && version === facts.current)
    throw new RippleError('WrongState', `version ${version} is running already`);
  if (version < facts.booted && !mayGoBack && !facts.local.includes(version)) {
    throw new RippleError(
      'Downgrade',
      `version ${version} is older than version ${facts.booted}, which runs; use rollback to go back`,
    );
  }
}
