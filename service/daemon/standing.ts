/** Where a laptop stands when nothing is under way. Pure. */
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
