/** A class that is what the test says. */
import type { LaptopInfo } from '../../api/model.ts';
import type { Classroom } from '../../core/classroom.ts';

export class ScriptedClassroom implements Classroom {
  /** What was published, in order. */
  readonly orders: Uint8Array[] = [];
  /** Replace it to make publishing fail. */
  respond: () => Promise<void> = async () => {};
  readonly #laptops = new Map<string, LaptopInfo>();
  readonly #listeners: ((laptop: LaptopInfo) => void)[] = [];

  constructor(laptops: readonly LaptopInfo[] = []) {
    for (const laptop of laptops) this.#laptops.set(laptop.id, laptop);
  }

  set(laptop: LaptopInfo): void {
    this.#laptops.set(laptop.id, laptop);
    for (const listener of this.#listeners) listener(laptop);
  }
  laptops(): readonly LaptopInfo[] {
    return [...this.#laptops.values()];
  }
  onLaptop(listener: (laptop: LaptopInfo) => void): void {
    this.#listeners.push(listener);
  }
  publishOrder(bytes: Uint8Array): Promise<void> {
    this.orders.push(Uint8Array.from(bytes));
    return this.respond();
  }
}
