/** A class in the middle of an update: who has it, who is getting it, who is stuck, who is away. */
import type { LaptopInfo } from '../../api/model.ts';
import { friend } from './child-story.ts';

const SECOND_OF_2026 = 1_770_000_000;

/** Laptop `index` of the class; every twelfth is stuck, every ninth away. */
export function pupil(index: number): LaptopInfo {
  const { name, colours } = friend(index);
  const round = Math.floor(index / 12);
  const laptop: LaptopInfo = {
    id: `pupil-${String(index).padStart(3, '0')}`,
    name: name === '' ? '' : round === 0 ? name : `${name} ${round + 1}`,
    colours,
    version: 7,
    state: 'idle',
    progress: 0,
    lastSeen: SECOND_OF_2026,
    stuck: false,
    error: '',
  };
  if (index % 12 === 3) return { ...laptop, version: 6, state: 'failed', stuck: true, error: 'NoSpace' };
  if (index % 9 === 4) return { ...laptop, version: 6, state: 'away' };
  if (index % 4 === 1) return { ...laptop, version: 6, state: 'fetching', progress: (index * 37) % 100 };
  return index % 7 === 6 ? { ...laptop, version: 6, state: 'ready' } : laptop;
}

export function pupils(count: number): readonly LaptopInfo[] {
  return Array.from({ length: count }, (_, index) => pupil(index));
}
