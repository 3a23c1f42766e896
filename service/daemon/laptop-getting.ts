/** How a laptop gets versions: whom it finds, whom it asks, when it may, and what it does with what comes. */
import type { Neighbour } from '../core/ports.ts';
import { SourceLedger } from '../core/source-ledger.ts';
import { createDiscovery } from '../discover/discovery.ts';
import { Pace } from '../fetch/pace.ts';
import { Checker } from './checker.ts';
import { FetchGate } from './fetch-gate.ts';
import { Fetcher } from './fetcher.ts';
import type { LaptopContext } from './laptop-context.ts';
import type { LaptopDisk } from './laptop-disk.ts';
import { Metered } from './metered.ts';
import { PieceBoard } from './piece-board.ts';
import { PluggedSticks } from './plugged-sticks.ts';
import { SourceBook } from './source-book.ts';
import { SourceMemory } from './source-memory.ts';

export interface Getting {
  readonly ledger: SourceLedger;
  readonly sourceMemory: SourceMemory;
  /** `undefined` where nobody is looked for. */
  readonly discovery: ReturnType<typeof createDiscovery> | undefined;
  neighbours(): readonly Neighbour[];
  readonly metered: Metered;
  readonly gate: FetchGate;
  readonly sources: SourceBook;
  readonly sticks: PluggedSticks;
  readonly board: PieceBoard;
  readonly fetcher: Fetcher;
  readonly checker: Checker;
}

/** Puts the parts together; nobody is asked yet. */
export function wireGetting({ config, logger, clock, closers }: LaptopContext, disk: LaptopDisk): Getting {
  const { layout, memory, backend, switcher, trust, cache, shelf } = disk;
  const { image } = config;
  const ledger = new SourceLedger();
  const sourceMemory = new SourceMemory(layout.sourcesFile, ledger, clock, logger);
  closers.push(() => sourceMemory.write());
  // Whoever gives nothing has no address to announce, and neighbours only answer those they can ask back.
  const discovery =
    config.discoveryKind === 'none' || config.shareListen.length === 0
      ? undefined
      : createDiscovery({ kind: config.discoveryKind, interfaces: config.discoveryInterfaces, logger, clock });
  const metered = new Metered();
  const gate = new FetchGate({
    powerSupplies: config.powerSupplies,
    floorPercent: config.powerFloorPercent,
    quietHours: config.fetchQuietHours,
    isMetered: () => metered.isMetered && !config.fetchMetered,
    trustedSeconds: () => memory.state.trustedTimeSeconds,
    clock,
  });
  const sticks = new PluggedSticks();
  const sources = new SourceBook({
    image,
    sticks,
    origins: config.origins,
    rsyncFolder: layout.rsync,
    discovery,
    ledger,
    stallMs: config.fetchStallMs,
    pace: config.fetchRateBytesPerSecond > 0 ? new Pace(config.fetchRateBytesPerSecond) : undefined,
    mayAsk: (kind) => gate.mayAsk(kind),
    clock,
  });
  const board = new PieceBoard(
    (ref) => cache.has(ref),
    () => clock.monotonicMs(),
  );
  const fetcher = new Fetcher({
    board,
    ownId: memory.state.id,
    layout,
    backend,
    image,
    trust,
    sources,
    ledger,
    cache,
    shelf,
    switcher,
    clock,
    logger,
  });
  const checker = new Checker({
    image,
    trust,
    sources,
    logger,
    booted: () => switcher.facts().booted,
    describe: (release, signal) => fetcher.describe(release, signal),
  });
  const neighbours = (): readonly Neighbour[] => discovery?.neighbours() ?? [];
  return { ledger, sourceMemory, discovery, neighbours, metered, gate, sources, sticks, board, fetcher, checker };
}
