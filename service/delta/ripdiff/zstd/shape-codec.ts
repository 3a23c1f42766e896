import type { BlockShape, SequenceShape, Sequences } from '../../zstd/block.ts';
import { codesOf } from '../../zstd/block-writer.ts';
import { type Counts, MIN_LOG, usualCounts, usualLog } from '../../zstd/counts.ts';
import { damaged, FIELDS, LITERALS, MAX_CODES, MAX_LOGS, MODE } from '../../zstd/format.ts';
import { writeWeights } from '../../zstd/huffman.ts';
import { BitModels } from '../bit-models.ts';
import { NumberModels } from '../numbers.ts';
import type { BitCoder } from '../range-coder.ts';
import { foreseenWeights } from './foreseen-code.ts';

const FLAG = { weights: 0, description: 1, length: 2, counts: 3 } as const;
const WEIGHT_BITS = 4;
const MAX_WEIGHTS = 256;
const MAX_DESCRIPTION_BYTES = 129;
const LOG_BITS = 3;
const ANY = 16;
const SMALL = 31;
/** From so many sequences on a rare code gets less than one state. */
const MANY = 2048;

/** Codes what a packed block is beside its symbols, mostly as it follows from them. */
export class ShapeCodec {
  readonly #literals = new BitModels(16 * 16, 60);
  readonly #modes = new BitModels(FIELDS * 4 * 4, 60);
  readonly #flags = new BitModels(8, 60);
  readonly #weights = new BitModels(16 * 16, 60);
  readonly #numbers = new NumberModels(2, 60);
  readonly #bytes = new BitModels(256, 60);
  readonly #logs = new BitModels(FIELDS << LOG_BITS, 60);
  readonly #steps = new NumberModels(SMALL + 1, 60);
  #literalsBefore = 0;
  readonly #modesBefore = [0, 0, 0];

  beginFrame(): void {
    this.#literalsBefore = 0;
    this.#modesBefore.fill(0);
  }

  /** @throws UnreadableStreamError for what makes no sense */
  code(coder: BitCoder, sequences: Sequences, given?: BlockShape): BlockShape {
    const { literals: bytes } = sequences;
    const wanted = ((given?.literals ?? 0) << 2) | (given?.sizes ?? 0);
    const size = bytes.length < 32 ? 0 : bytes.length < 256 ? 1 : bytes.length < 1024 ? 2 : 3;
    const value = this.#literals.codeTree(coder, (size * 4 + this.#literalsBefore) * ANY, 4, wanted);
    const literals = value >> 2;
    this.#literalsBefore = literals;
    const code = literals === LITERALS.huffman ? this.#code(coder, bytes, given) : NO_CODE;
    const shape = { literals, sizes: value & 3, ...code };
    return {
      ...shape,
      sequences: sequences.count > 0 ? this.#sequences(coder, sequences, given?.sequences) : undefined,
    };
  }

  #code(
    coder: BitCoder,
    bytes: Uint8Array,
    given: BlockShape | undefined,
  ): Pick<BlockShape, 'weights' | 'description'> {
    const weights = this.#codeWeights(coder, foreseenWeights(bytes), given?.weights);
    const usual = weights.length > 1 ? writeWeights(weights) : NO_BYTES;
    const isUsual = given?.description !== undefined && Buffer.compare(given.description, usual) === 0;
    if (this.#flags.code(coder, FLAG.description, isUsual ? 1 : 0) !== 0) return { weights, description: usual };
    const description = new Uint8Array(this.#length(coder, 1, given?.description?.length ?? 0, MAX_DESCRIPTION_BYTES));
    for (let i = 0; i < description.length; i++)
      description[i] = this.#bytes.codeTree(coder, 0, 8, given?.description?.[i] ?? 0);
    return { weights, description };
  }

  #codeWeights(coder: BitCoder, foreseen: Uint8Array, given: Uint8Array | undefined): Uint8Array {
    const isForeseen = given !== undefined && Buffer.compare(given, foreseen) === 0;
    if (this.#flags.code(coder, FLAG.weights, isForeseen ? 1 : 0) !== 0) return foreseen;
    const isSameLength = given?.length === foreseen.length ? 1 : 0;
    const weights = new Uint8Array(
      this.#flags.code(coder, FLAG.length, isSameLength) !== 0
        ? foreseen.length
        : this.#length(coder, 0, given?.length ?? 0, MAX_WEIGHTS),
    );
    for (let i = 0; i < weights.length; i++)
      weights[i] = this.#weights.codeTree(coder, ((foreseen[i] ?? 0) & 15) * 16, WEIGHT_BITS, given?.[i] ?? 0);
    return weights;
  }

  #length(coder: BitCoder, context: number, given: number, most: number): number {
    const length = this.#numbers.code(coder, context, given);
    if (length > most) throw damaged();
    return length;
  }

  #sequences(coder: BitCoder, sequences: Sequences, given: SequenceShape | undefined): SequenceShape {
    const codes = codesOf(sequences);
    const modes: number[] = [];
    const counts: (Counts | undefined)[] = [];
    for (let field = 0; field < FIELDS; field++) {
      const context = (field * 4 + (this.#modesBefore[field] ?? 0)) * 4;
      const mode = this.#modes.codeTree(coder, context, 2, given?.modes[field] ?? 0);
      this.#modesBefore[field] = mode;
      modes.push(mode);
      counts.push(
        mode === MODE.counts ? this.#counts(coder, field, codes[field] ?? NO_BYTES, given?.counts[field]) : undefined,
      );
    }
    return { modes, counts };
  }

  #counts(coder: BitCoder, field: number, codes: Uint8Array, given: Counts | undefined): Counts {
    const foreseen = foreseenCounts(codes, MAX_LOGS[field] ?? 0);
    const isForeseen =
      given?.log === foreseen.log && Buffer.compare(viewOf(given.counts), viewOf(foreseen.counts)) === 0;
    if (this.#flags.code(coder, FLAG.counts + field, isForeseen ? 1 : 0) !== 0) return foreseen;
    const log = MIN_LOG + this.#logs.codeTree(coder, field << LOG_BITS, LOG_BITS, (given?.log ?? MIN_LOG) - MIN_LOG);
    if (log > (MAX_LOGS[field] ?? 0)) throw damaged();
    const counts = new Int16Array(this.#length(coder, 0, given?.counts.length ?? 0, (MAX_CODES[field] ?? 0) + 1));
    let left = 1 << log;
    for (let i = 0; i < counts.length; i++) {
      const likely = foreseen.counts[i] ?? 0;
      const step = this.#steps.codeSigned(coder, Math.min(Math.abs(likely), SMALL), (given?.counts[i] ?? 0) - likely);
      const count = likely + step;
      left -= Math.abs(count);
      if (count < -1 || left < 0) throw damaged();
      counts[i] = count;
    }
    if (left !== 0 || counts.at(-1) === 0) throw damaged();
    return { log, counts };
  }
}

const NO_BYTES = new Uint8Array(0);
const NO_CODE = { weights: undefined, description: undefined };

function viewOf({ buffer, byteOffset, byteLength }: Int16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** As libzstd counts: of the code that comes last one less, for its state costs nothing. */
function foreseenCounts(codes: Uint8Array, maxLog: number): Counts {
  const histogram = new Uint32Array(64);
  for (const code of codes) histogram[code] = (histogram[code] ?? 0) + 1;
  const log = usualLog(
    codes.length,
    histogram.findLastIndex((count) => count > 0),
    maxLog,
  );
  const last = codes.at(-1) ?? 0;
  let total = codes.length;
  if ((histogram[last] ?? 0) > 1) {
    histogram[last] = (histogram[last] ?? 0) - 1;
    total--;
  }
  return usualCounts(histogram, total, log, total >= MANY ? -1 : 1);
}
