/** Times that a person chose: to change to a version, or until when not to hear of one. */
import type { Clock, Logger } from '../core/ports.ts';
import type { Memory } from './memory.ts';
import type { SwitchPart } from './parts.ts';

export interface AppointmentsParts {
  readonly memory: Memory;
  readonly switcher: Pick<SwitchPart, 'facts'>;
  readonly clock: Clock;
  readonly logger: Logger;
  isBusy(): boolean;
  /** Chooses the version and restarts. */
  accept(version: number): Promise<void>;
  choose(version: number): Promise<void>;
  trouble(version: number, thrown: unknown): void;
  changed(): void;
}

/** Looked at at least this often: clocks are set, and Node's timers end at 24 days. */
const POLL_MS = 20_000;

export class Appointments {
  readonly #parts: AppointmentsParts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: AppointmentsParts) {
    this.#parts = parts;
  }

  start(): void {
    void this.#keepMissed();
    this.#wait();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    const { appointment, deferredUntil } = this.#parts.memory.state;
    const untilMs = (appointment?.at ?? deferredUntil) * 1000 - this.#parts.clock.wallMs();
    const waitMs = untilMs > 0 ? Math.min(untilMs, POLL_MS) : POLL_MS;
    this.#timer = setTimeout(() => {
      this.#keep();
      this.#wait();
    }, waitMs);
    this.#timer.unref();
  }

  #keep(): void {
    const { memory, clock, logger, isBusy, accept, trouble, changed } = this.#parts;
    const { appointment, deferredUntil } = memory.state;
    const now = clock.wallMs() / 1000;
    if (appointment && now >= appointment.at && !isBusy()) {
      memory.note({ appointment: null }, logger);
      accept(appointment.version).catch((thrown) => trouble(appointment.version, thrown));
    } else if (deferredUntil > 0 && now >= deferredUntil) {
      memory.note({ deferredUntil: 0 }, logger);
      changed();
    }
  }

  /** A laptop that was off at the time has just started: it is not restarted once more, the version waits for the next start. */
  async #keepMissed(): Promise<void> {
    const { memory, clock, logger, switcher, isBusy, choose, trouble } = this.#parts;
    const { appointment } = memory.state;
    if (!appointment || clock.wallMs() / 1000 < appointment.at || isBusy()) return;
    memory.note({ appointment: null, deferredUntil: 0 }, logger);
    const { current, booted, local } = switcher.facts();
    if (current !== booted || !local.includes(appointment.version)) return;
    await choose(appointment.version).catch((thrown) => trouble(appointment.version, thrown));
  }
}
