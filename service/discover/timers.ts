/** Named timers that do not keep the process alive, one of each name, all stopped together. */
export class Timers {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #stopped = false;

  /** Runs `task` after `ms`, unless a timer of this name runs already. */
  once(name: string, ms: number, task: () => void): void {
    if (!this.#timers.has(name)) this.again(name, ms, task);
  }

  /** Runs `task` after `ms`, instead of what a timer of this name would have done. */
  again(name: string, ms: number, task: () => void): void {
    if (this.#stopped) return;
    clearTimeout(this.#timers.get(name));
    const timer = setTimeout(() => {
      this.#timers.delete(name);
      task();
    }, ms);
    this.#timers.set(name, timer.unref());
  }

  cancel(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  has(name: string): boolean {
    return this.#timers.has(name);
  }

  get size(): number {
    return this.#timers.size;
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
