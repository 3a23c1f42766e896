/** How much one caller may have under way, so that one program cannot keep the others out. */
import { RippleError } from '../api/errors.ts';

const MAX_UNDER_WAY = 16;

export class CallLimits {
  readonly #underWay = new Map<string, number>();

  /** Runs `work` unless the sender has too much under way: then rejects with `RippleError` Busy. */
  async run<T>(sender: string, work: () => Promise<T>): Promise<T> {
    const count = this.#underWay.get(sender) ?? 0;
    if (count >= MAX_UNDER_WAY)
      throw new RippleError('Busy', `${MAX_UNDER_WAY} calls of this program are under way; wait for them to end`);
    this.#underWay.set(sender, count + 1);
    try {
      return await work();
    } finally {
      const left = (this.#underWay.get(sender) ?? 1) - 1;
      if (left > 0) this.#underWay.set(sender, left);
      else this.#underWay.delete(sender);
    }
  }
}
