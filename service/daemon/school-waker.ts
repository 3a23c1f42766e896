/** A school server wakes its laptops when a newer version came into its repository. */
import { RippleError } from '../api/errors.ts';
import type { Clock, Discovery, Logger } from '../core/ports.ts';
import { versionsToWake } from '../core/wake-rules.ts';
import type { Repository } from '../store/repository.ts';
import { Waker } from '../wake/waker.ts';
import type { Config } from './config.ts';

export class SchoolWaker {
  readonly #image: string;
  readonly #repository: Repository;
  readonly #discovery: Pick<Discovery, 'neighbours'>;
  readonly #waker: Waker;
  /** The newest that was here at the last look; what was here at the first one is no news. */
  #newest: number | undefined;

  constructor(config: Config, repository: Repository, discovery: Discovery, clock: Clock, logger: Logger) {
    this.#image = config.image;
    this.#repository = repository;
    this.#discovery = discovery;
    this.#waker = new Waker({
      image: config.image,
      port: config.wakePort,
      interfaces: config.discoveryInterfaces,
      // It only tells: its laptops judge.
      verify: () => Promise.reject(new RippleError('WrongState', 'a school server listens to nobody')),
      woken: () => {},
      random: Math.random,
      clock,
      logger,
    });
  }

  /** Call after something may have come. */
  async look(): Promise<void> {
    const image = this.#image;
    const newest = Math.max(0, ...(await this.#repository.versions(image)));
    const before = this.#newest;
    this.#newest = Math.max(newest, before ?? 0);
    if (before === undefined || newest <= before) return;
    const release = await this.#repository.readDocument(this.#repository.releasePath(image, newest));
    const near = this.#discovery.neighbours().filter((one) => one.image === image && one.role !== 'school');
    if (release) await this.#waker.tell(release, versionsToWake(newest, before, near));
  }
}
