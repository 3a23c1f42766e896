/** The class as its teacher sees it: from what neighbours announce, and from asking each of them now and then. */
import { readFileSync } from 'node:fs';
import { asRippleError } from '../api/errors.ts';
import type { LaptopInfo } from '../api/model.ts';
import { type ClassEntry, forgotten, heard, leftUs, withStuck } from '../core/class-list.ts';
import type { Classroom } from '../core/classroom.ts';
import type { Clock, Logger, Neighbour } from '../core/ports.ts';
import { HttpSource } from '../fetch/http-source.ts';
import { JsonObject } from '../image/json-reader.ts';
import { MAX_REPORT_BYTES, parseReport } from '../image/report.ts';
import { writeDurablySync } from '../sys/durable.ts';

/** One laptop is asked each time at most: a few in a second, however large the class. */
const TICK_MS = 400;
const MOST_ASKED_AT_ONCE = 2;
/** Somebody at work is asked about this often, everybody else in these intervals; each varied by half. */
const ASK_WORKING_MS = 15_000;
const ASK_MS = 300_000;
const ASK_STALL_MS = 5_000;
const WRITE_MS = 60_000;

export interface ClassKeeperOptions {
  readonly image: string;
  neighbours(): readonly Neighbour[];
  /** It did not tell: whether it is still there is found out. */
  doubt(id: string): void;
  /** Where it is remembered who was here. */
  readonly file: string;
  readonly stuckMs: number;
  publish(bytes: Uint8Array): Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ClassKeeper implements Classroom {
  readonly #options: ClassKeeperOptions;
  readonly #entries = new Map<string, ClassEntry>();
  readonly #listeners: ((laptop: LaptopInfo) => void)[] = [];
  /** What each announced last, so that only news replaces what it reported. */
  readonly #announced = new Map<string, string>();
  readonly #askAtMs = new Map<string, number>();
  readonly #asking = new Set<string>();
  readonly #stopping = new AbortController();
  #written = '';
  #writeAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ClassKeeperOptions) {
    this.#options = options;
    const now = options.clock.monotonicMs();
    for (const one of readClass(options.file)) this.#entries.set(one.id, { ...one, movedMs: now });
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  stop(): void {
    this.#stopping.abort();
    clearInterval(this.#timer);
    this.#write();
  }

  laptops(): readonly LaptopInfo[] {
    return [...this.#entries.values()].map(infoOf);
  }

  onLaptop(listener: (laptop: LaptopInfo) => void): void {
    this.#listeners.push(listener);
  }

  publishOrder(bytes: Uint8Array): Promise<void> {
    return this.#options.publish(bytes);
  }

  #tick(): void {
    const { clock, image, stuckMs } = this.#options;
    const now = clock.monotonicMs();
    const near = this.#options.neighbours().filter((one) => one.image === image && one.role !== 'school');
    for (const one of near) this.#hear(one, now);
    const here = new Set(near.filter((one) => one.alive).map(({ id }) => id));
    for (const [id, entry] of this.#entries)
      this.#set(here.has(id) ? withStuck(entry, now, stuckMs) : leftUs(entry, now));
    for (const id of forgotten([...this.#entries.values()], clock.wallMs() / 1000)) {
      this.#entries.delete(id);
      this.#announced.delete(id);
      this.#askAtMs.delete(id);
    }
    this.#askNext(
      near.filter((one) => one.alive && one.urls.length > 0),
      now,
    );
    if (now >= this.#writeAtMs) {
      this.#writeAtMs = now + WRITE_MS;
      this.#write();
    }
  }

  #hear({ id, alive, version, state, progress, name, colours, lastSeenMs }: Neighbour, now: number): void {
    const before = this.#entries.get(id);
    if (!alive && !before) return;
    const lastSeen = Math.floor(lastSeenMs / 1000);
    const announced = JSON.stringify([alive, version, state, progress, name, colours]);
    if (this.#announced.get(id) !== announced || !before) {
      this.#announced.set(id, announced);
      this.#askAtMs.set(id, Math.min(this.#askAtMs.get(id) ?? Number.POSITIVE_INFINITY, now + 2000 * Math.random()));
      if (alive) this.#set(heard(id, before, { version, state, progress, name, colours, lastSeen }, now));
    } else if (before.lastSeen !== lastSeen) this.#entries.set(id, { ...before, lastSeen });
  }

  #askNext(near: readonly Neighbour[], now: number): void {
    if (this.#asking.size >= MOST_ASKED_AT_ONCE) return;
    const due = near.find(({ id }) => (this.#askAtMs.get(id) ?? 0) <= now && !this.#asking.has(id));
    if (!due) return;
    this.#asking.add(due.id);
    void this.#ask(due).finally(() => this.#asking.delete(due.id));
  }

  async #ask({ id, urls, state }: Neighbour): Promise<void> {
    const { clock, image, logger } = this.#options;
    const working = ['checking', 'fetching', 'staging'].includes(state);
    const next = (working ? ASK_WORKING_MS : ASK_MS) * (0.5 + Math.random());
    this.#askAtMs.set(id, clock.monotonicMs() + next);
    const source = new HttpSource({ id, kind: 'peer', urls, limits: { stallMs: ASK_STALL_MS, maxConnections: 1 } });
    try {
      const bytes = await source.readDocument('status', MAX_REPORT_BYTES, this.#stopping.signal);
      if (!bytes) return;
      const { version, state, progress, error, ...report } = parseReport(bytes);
      const before = this.#entries.get(id);
      // Somebody else may have its address by now.
      if (report.id !== id || report.image !== image || !before || before.state === 'away') return;
      this.#set(heard(id, before, { version, state, progress, error }, clock.monotonicMs()));
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return;
      logger.info('a laptop does not tell how it is', { id, message: asRippleError(thrown).message });
      this.#options.doubt(id);
    } finally {
      source.close();
    }
  }

  #set(entry: ClassEntry): void {
    const before = this.#entries.get(entry.id);
    if (before === entry) return;
    this.#entries.set(entry.id, entry);
    const info = infoOf(entry);
    const { lastSeen } = info;
    if (before && JSON.stringify({ ...infoOf(before), lastSeen }) === JSON.stringify(info)) return;
    for (const listener of this.#listeners) listener(info);
  }

  #write(): void {
    const text = `${JSON.stringify({ laptops: this.laptops() })}\n`;
    if (text === this.#written) return;
    try {
      writeDurablySync(this.#options.file, Buffer.from(text));
      this.#written = text;
    } catch (thrown) {
      this.#options.logger.warn('cannot write down who is in the class', { message: asRippleError(thrown).message });
    }
  }
}

function infoOf({ movedMs: _, ...info }: ClassEntry): LaptopInfo {
  return info;
}

/** Who was here before; nobody when the file is missing or damaged. */
function readClass(file: string): readonly LaptopInfo[] {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const laptops: unknown = new Map(Object.entries(value ?? {})).get('laptops');
    if (!Array.isArray(laptops)) return [];
    return laptops.map((one: unknown) => {
      const json = new JsonObject('class', '', one);
      return {
        ...{ id: json.string('id', 48), name: json.string('name', 64), colours: json.string('colours', 15) },
        ...{ version: json.integer('version', 0, 0xffff_ffff), lastSeen: json.integer('lastSeen', 0, 1e15) },
        ...{ state: 'away', progress: 0, stuck: false, error: '' },
      } as const;
    });
  } catch {
    return [];
  }
}
