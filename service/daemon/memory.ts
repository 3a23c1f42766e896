/** What a laptop must remember across restarts, in one small file that is replaced as a whole. One writer: the daemon. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { asRippleError } from '../api/errors.ts';
import type { Logger } from '../core/ports.ts';
import { writeDurablySync } from '../sys/durable.ts';

export interface MemoryState {
  /** Random, made once per laptop: what neighbours know it by. */
  readonly id: string;
  /** Seconds since 1970 by verified signatures, never by the clock (trust rule 4). */
  readonly trustedTimeSeconds: number;
  /** Highest `latest` epoch seen of the image followed (trust rule 4). */
  readonly latestEpoch: number;
  /** Highest number of an order seen for the image followed. */
  readonly orderEpoch: number;
  /** The order that was halted, by its number: it stays so although those who went back leave; 0: none. */
  readonly haltedOrder: number;
  /** The version that this laptop last went back from by itself; 0: none. */
  readonly wentBackFrom: number;
  /** The version that a person asked for and that is not staged yet; 0: none. After a crash it is gone on with. */
  readonly goal: number;
  /** No person asked for the goal. */
  readonly goalByItself: boolean;
  /** Unix seconds, 0 not, -1 until the next start. */
  readonly deferredUntil: number;
  /** Choose and restart at a time (unix seconds). */
  readonly appointment: { readonly version: number; readonly at: number } | null;
  /** Versions that did not boot, or that a person went back from: not offered again by themselves. */
  readonly shunned: readonly number[];
  /** Those of `shunned` that this laptop went back from by itself: offered to nobody who does not name them. */
  readonly failed: readonly number[];
  /** Told until the person has seen it. */
  readonly rollback: { readonly from: number; readonly to: number; readonly reason: string } | null;
  /** Which start of the laptop the daemon last saw: another one is a new start, the same one a restart of the daemon. */
  readonly lastStart: string;
  /** Starts of the laptop since a newer `latest` was heard. */
  readonly bootsSinceNews: number;
  /** Where reading every file again goes on: the entry that is next. */
  readonly scrub: { readonly version: number; readonly path: string } | null;
  /** Unix seconds when every file had last been read; 0: never. */
  readonly scrubbedAt: number;
}

const FRESH: Omit<MemoryState, 'id'> = {
  trustedTimeSeconds: 0,
  latestEpoch: 0,
  orderEpoch: 0,
  haltedOrder: 0,
  wentBackFrom: 0,
  goal: 0,
  goalByItself: false,
  deferredUntil: 0,
  appointment: null,
  shunned: [],
  failed: [],
  rollback: null,
  lastStart: '',
  bootsSinceNews: 0,
  scrub: null,
  scrubbedAt: 0,
};

export class Memory {
  readonly #file: string;
  #state: MemoryState;

  private constructor(file: string, state: MemoryState) {
    this.#file = file;
    this.#state = state;
  }

  /** Reads `file`; a missing or damaged one starts afresh. */
  static open(file: string): Memory {
    const memory = new Memory(file, { ...FRESH, id: randomBytes(8).toString('hex'), ...readState(file) });
    memory.#write();
    return memory;
  }

  get state(): MemoryState {
    return this.#state;
  }

  /** On disk when it returns; nothing changed when it throws. The epochs never fall this way, whatever is given. */
  update(change: Partial<Omit<MemoryState, 'id'>>): void {
    const before = this.#state;
    this.#state = {
      ...before,
      ...change,
      latestEpoch: Math.max(before.latestEpoch, change.latestEpoch ?? 0),
      orderEpoch: Math.max(before.orderEpoch, change.orderEpoch ?? 0),
    };
    if (JSON.stringify(before) === JSON.stringify(this.#state)) return;
    try {
      this.#write();
    } catch (error) {
      // Memory and disk say the same, also when the disk is full.
      this.#state = before;
      throw error;
    }
  }

  /** As `update`, for what is no promise to anybody: a disk that is full or failing must not end the daemon on top. */
  note(change: Partial<Omit<MemoryState, 'id'>>, logger: Logger): void {
    try {
      this.update(change);
    } catch (thrown) {
      logger.warn('cannot write down what changed', { message: asRippleError(thrown).message });
    }
  }

  /** The one way down: the keys of the role changed, so what their old holders signed counts no more. */
  forgetLatestEpoch(): void {
    this.#state = { ...this.#state, latestEpoch: 0 };
    this.#write();
  }

  /** As `forgetLatestEpoch`, for orders. */
  forgetOrderEpoch(): void {
    this.#state = { ...this.#state, orderEpoch: 0, haltedOrder: 0 };
    this.#write();
  }

  #write(): void {
    writeDurablySync(this.#file, Buffer.from(`${JSON.stringify(this.#state)}\n`));
  }
}

/** What a daemon wrote down; changes nothing. */
export function readMemory(file: string): Partial<MemoryState> {
  return readState(file) ?? {};
}

function readState(file: string): Partial<MemoryState> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const members = new Map(Object.entries(value));
  const number = (name: string): number => {
    const member = members.get(name);
    return typeof member === 'number' && Number.isSafeInteger(member) ? member : 0;
  };
  const versions = (name: string): number[] => {
    const member: unknown = members.get(name);
    return Array.isArray(member) ? member.filter((item) => Number.isSafeInteger(item)) : [];
  };
  const id = members.get('id');
  const lastStart = members.get('lastStart');
  const rollback = record(members.get('rollback'));
  const scrub = record(members.get('scrub'));
  const appointment = record(members.get('appointment'));
  return {
    ...(typeof id === 'string' && /^[0-9a-f]{16}$/.test(id) ? { id } : {}),
    trustedTimeSeconds: Math.max(0, number('trustedTimeSeconds')),
    latestEpoch: Math.max(0, number('latestEpoch')),
    orderEpoch: Math.max(0, number('orderEpoch')),
    haltedOrder: Math.max(0, number('haltedOrder')),
    wentBackFrom: Math.max(0, number('wentBackFrom')),
    goal: Math.max(0, number('goal')),
    goalByItself: members.get('goalByItself') === true,
    deferredUntil: Math.max(-1, number('deferredUntil')),
    shunned: versions('shunned'),
    failed: versions('failed'),
    rollback:
      rollback && typeof rollback.from === 'number' && typeof rollback.to === 'number'
        ? { from: rollback.from, to: rollback.to, reason: String(rollback.reason ?? '') }
        : null,
    appointment:
      appointment && typeof appointment.version === 'number' && typeof appointment.at === 'number'
        ? { version: appointment.version, at: appointment.at }
        : null,
    lastStart: typeof lastStart === 'string' ? lastStart : '',
    bootsSinceNews: Math.max(0, number('bootsSinceNews')),
    scrub:
      scrub && typeof scrub.version === 'number' && typeof scrub.path === 'string'
        ? { version: scrub.version, path: scrub.path }
        : null,
    scrubbedAt: Math.max(0, number('scrubbedAt')),
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : undefined;
}
