/** Starts a daemon by its configuration and stops it as a service manager expects. */
import { performance } from 'node:perf_hooks';
import { RippleError } from '../api/errors.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { keepLittleSpare } from '../sys/spare-memory.ts';
import type { Config } from './config.ts';
import type { LaptopOptions } from './laptop.ts';

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/**
 * Runs until `signal` is aborted. Prints `ready [URL]` on standard output once it serves.
 * @throws RippleError when it cannot start, or when the bus went away
 */
export async function runDaemon(
  config: Config,
  logger: Logger,
  signal: AbortSignal,
  options: LaptopOptions = {},
): Promise<void> {
  keepLittleSpare();
  // Only the one that is wanted: the other's code would stay in memory.
  const start =
    config.role === 'school' ? (await import('./school.ts')).startSchool : (await import('./laptop.ts')).startLaptop;
  const daemon = await start(config, logger, systemClock, options);
  process.stdout.write(`ready${daemon.url === '' ? '' : ` ${daemon.url}`}\n`);
  let busLost = false;
  await new Promise<void>((resolve) => {
    daemon.onBusLost(() => {
      busLost = true;
      resolve();
    });
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
  await daemon.stop();
  if (busLost && !signal.aborted) throw new RippleError('IoError', 'the message bus went away');
}
