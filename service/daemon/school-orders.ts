/** A school server and orders: takes them, keeps them in its repository, hears of them from laptops, knows its class. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import type { Clock, Discovery, Logger } from '../core/ports.ts';
import { formatRepositoryPath } from '../core/repository-path.ts';
import { SourceLedger } from '../core/source-ledger.ts';
import { Layout } from '../deploy/layout.ts';
import { FolderSource } from '../fetch/folder-source.ts';
import { ClassKeeper } from './class-keeper.ts';
import type { Config } from './config.ts';
import { Memory } from './memory.ts';
import { OrderKeeper } from './order-keeper.ts';
import { SourceBook } from './source-book.ts';
import { TrustKeeper } from './trust-keeper.ts';

/** In the repository, beside what is served: its own memory. */
const OWN_FOLDER = '.school';

export class SchoolOrders {
  readonly keeper: OrderKeeper;
  readonly classroom: ClassKeeper;
  readonly #memory: Memory;
  readonly #trust: TrustKeeper;
  readonly #own: FolderSource;

  /** @throws RippleError when there is no keyring, or the repository cannot be written to */
  constructor(config: Config, discovery: Discovery | undefined, clock: Clock, logger: Logger) {
    const { image, repository, origins } = config;
    const layout = new Layout(join(repository, OWN_FOLDER));
    const first = join(repository, 'keyring', '1.pgp');
    if (!existsSync(config.keyring) && !existsSync(first))
      throw new RippleError('InvalidArgument', `there is no keyring, neither ${config.keyring} nor ${first}`);
    this.#own = new FolderSource(repository);
    this.#memory = Memory.open(layout.stateFile);
    this.#trust = TrustKeeper.open(existsSync(config.keyring) ? config.keyring : first, layout, this.#memory, logger);
    const ledger = new SourceLedger();
    const sources = new SourceBook({ image, origins, discovery, ledger, stallMs: config.fetchStallMs, clock });
    this.keeper = new OrderKeeper({
      image,
      trust: this.#trust,
      memory: this.#memory,
      sources,
      fileOf: (epoch) => join(repository, formatRepositoryPath({ kind: 'order', image, epoch })),
      clock,
      logger,
    });
    this.classroom = new ClassKeeper({
      image,
      neighbours: () => discovery?.neighbours() ?? [],
      doubt: (id) => sources.doubt(id),
      file: layout.classFile,
      stuckMs: config.stuckMs,
      publish: (bytes) => this.publish(bytes),
      clock,
      logger,
    });
  }

  /** What neighbours know it by. */
  get id(): string {
    return this.#memory.state.id;
  }

  async start(): Promise<void> {
    await this.look();
    await this.keeper.start();
    this.classroom.start();
  }

  async stop(): Promise<void> {
    this.classroom.stop();
    await this.keeper.stop();
  }

  /** Whoever publishes puts new keyrings into the repository. */
  look(): Promise<void> {
    return this.#trust.advance(this.#own, new AbortController().signal);
  }

  /** As `OrderKeeper.publish`, by the newest keyring of the repository: a key may have been added a minute ago. */
  async publish(bytes: Uint8Array): Promise<void> {
    await this.look();
    await this.keeper.publish(bytes);
  }
}
