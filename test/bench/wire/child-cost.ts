/** What work costs within a Node process: the start of Node itself is counted apart, as a daemon has it behind it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ChildCost {
  readonly wallMs: number;
  /** Of all threads. */
  readonly cpuMs: number;
  /** Resident before the work. */
  readonly restBytes: number;
}

/** Leaves its notes in `folder`, for who started this process. */
export async function withCost(folder: string, work: () => Promise<void>): Promise<void> {
  const restBytes = process.memoryUsage.rss();
  const [startMs, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  const cost: ChildCost = { wallMs: performance.now() - startMs, cpuMs: (user + system) / 1000, restBytes };
  writeFileSync(join(folder, 'child.json'), JSON.stringify(cost));
}
