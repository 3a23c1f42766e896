import { BitModels } from '../bit-models.ts';
import { Mixer } from '../logistic.ts';
import type { BitCoder } from '../range-coder.ts';

const RATE = 6;
const LIMIT = 255;

/** Adaptive bits, each foreseen in several contexts at once. */
export class MixedBits {
  readonly #models: readonly BitModels[];
  readonly #mixer: Mixer;
  readonly #contexts: Int32Array;

  /** `sizes`: for each input how many contexts it has; `choices`: among how many sets of weights `code` is asked to choose. */
  constructor(sizes: readonly number[], choices: number) {
    this.#models = sizes.map((size) => new BitModels(size, LIMIT));
    this.#mixer = new Mixer(sizes.length, choices, RATE);
    this.#contexts = new Int32Array(sizes.length);
  }

  /** The context of an input, for the next bit. */
  set(input: number, context: number): void {
    this.#contexts[input] = context;
  }

  code(coder: BitCoder, choice: number, bit: number): number {
    const models = this.#models;
    const contexts = this.#contexts;
    const mixer = this.#mixer;
    for (let i = 0; i < models.length; i++) mixer.put(i, models[i]?.peek(contexts[i] ?? 0) ?? 0);
    const result = coder.code(mixer.mix(choice), bit);
    mixer.learn(result);
    for (let i = 0; i < models.length; i++) models[i]?.update(contexts[i] ?? 0, result);
    return result;
  }
}
