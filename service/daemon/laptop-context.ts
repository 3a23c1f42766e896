/** What every part of a laptop is wired with. */
import type { Clock, Logger } from '../core/ports.ts';
import type { Config } from './config.ts';

export interface LaptopContext {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Each part that must be stopped again adds how, in the order of starting; they are called from the last to the first. */
  readonly closers: (() => Promise<void> | void)[];
}
