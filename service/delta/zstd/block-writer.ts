import { BitWriter } from './bits.ts';
import { type BlockShape, noTables, type SequenceShape, type Sequences, type Tables } from './block.ts';
import { writeCounts } from './counts.ts';
import {
  damaged,
  FIELD,
  FIELDS,
  LITERAL_CODES,
  LITERALS,
  literalCode,
  MATCH_CODES,
  MODE,
  matchCode,
  offsetCode,
} from './format.ts';
import { FseTable } from './fse-table.ts';
import { Huffman } from './huffman.ts';
import { PREDEFINED } from './predefined.ts';

/** Larger parts of an offset are written in two. */
const LOW_BITS = 16;
/** Bits and bytes of the size of literals that are not packed. */
const PLAIN_WIDTHS = [5, 12, 0, 20] as const;
const PLAIN_BYTES = [1, 2, 0, 3] as const;

/** Packs sequences into the blocks of one frame: what comes out depends on them and on the shape alone. */
export class BlockWriter {
  readonly #tables: Tables = noTables();
  readonly #bits = new BitWriter();

  /** @throws UnreadableStreamError for a shape that they cannot have */
  block(sequences: Sequences, shape: BlockShape): Uint8Array {
    return Buffer.concat([
      ...this.#literals(sequences.literals, shape),
      ...this.#sequences(sequences, shape.sequences),
    ]);
  }

  #literals(literals: Uint8Array, { literals: kind, sizes, weights, description }: BlockShape): Uint8Array[] {
    const size = literals.length;
    if (kind < LITERALS.huffman) {
      if (sizes === 2 || size >= 1 << (PLAIN_WIDTHS[sizes] ?? 0)) throw damaged();
      const head = bytesOf(
        sizes === 0 ? kind | (size << 3) : kind | (sizes << 2) | (size << 4),
        PLAIN_BYTES[sizes] ?? 0,
      );
      if (kind === LITERALS.raw) return [head, Uint8Array.from(literals)];
      if (size === 0 || literals.some((byte) => byte !== literals[0])) throw damaged();
      return [head, literals.slice(0, 1)];
    }
    const tables = this.#tables;
    if (weights) tables.huffman = new Huffman(weights);
    const { huffman } = tables;
    if (!huffman || (kind === LITERALS.huffman) !== (weights !== undefined)) throw damaged();
    for (const byte of literals) if (!huffman.has(byte)) throw damaged();
    const streams = sizes === 0 ? [huffman.write(literals)] : fourStreams(huffman, literals);
    const body = Buffer.concat([description ?? new Uint8Array(0), ...streams]);
    const width = sizes < 2 ? 10 : sizes === 2 ? 14 : 18;
    if (size >= 1 << width || body.length >= 1 << width) throw damaged();
    const head = bytesOf(kind + sizes * 4 + size * 16 + body.length * 2 ** (width + 4), sizes < 2 ? 3 : sizes + 2);
    return [head, body];
  }

  #sequences(sequences: Sequences, shape: SequenceShape | undefined): Uint8Array[] {
    const { count } = sequences;
    if ((count === 0) !== (shape === undefined)) throw damaged();
    if (!shape) return [Uint8Array.of(0)];
    const number =
      count < 128
        ? Uint8Array.of(count)
        : count < 0x7f00
          ? Uint8Array.of((count >> 8) + 128, count)
          : Uint8Array.of(255, count - 0x7f00, (count - 0x7f00) >> 8);
    const [ofLiterals = 0, ofOffsets = 0, ofMatches = 0] = shape.modes;
    const parts: Uint8Array[] = [number, Uint8Array.of((ofLiterals << 6) | (ofOffsets << 4) | (ofMatches << 2))];
    const codes = codesOf(sequences);
    for (let field = 0; field < FIELDS; field++) parts.push(this.#table(field, shape, codes[field] ?? NO_CODES));
    parts.push(this.#pack(sequences, codes));
    return parts;
  }

  /** What tells it; and it is kept. */
  #table(field: number, { modes, counts }: SequenceShape, codes: Uint8Array): Uint8Array {
    const { fields } = this.#tables;
    const mode = modes[field];
    const its = counts[field];
    if ((mode === MODE.counts) !== (its !== undefined)) throw damaged();
    if (mode === MODE.predefined) fields[field] = PREDEFINED[field];
    if (mode === MODE.rle) fields[field] = FseTable.ofOne(codes[0] ?? 0);
    if (its) fields[field] = FseTable.ofCounts(its);
    const table = fields[field];
    for (const code of codes) if (!table?.has(code)) throw damaged();
    return mode === MODE.rle ? codes.slice(0, 1) : its ? writeCounts(its) : NO_CODES;
  }

  #pack(
    { count, literalLengths, matchLengths, offsets }: Sequences,
    [ofLiterals = NO_CODES, ofOffsets = NO_CODES, ofMatches = NO_CODES]: readonly Uint8Array[],
  ): Uint8Array {
    const bits = this.#bits;
    const { fields } = this.#tables;
    const states = [0, 0, 0];
    const step = (field: number, code: number): void => {
      const table = fields[field];
      const next = states[field] ?? 0;
      const width = table?.bitsBefore(code, next) ?? 0;
      bits.add(next & ((1 << width) - 1), width);
      states[field] = table?.stateBefore(code, next, width) ?? 0;
    };
    for (let i = count - 1; i >= 0; i--) {
      const [literals = 0, offset = 0, match = 0] = [ofLiterals[i], ofOffsets[i], ofMatches[i]];
      if (i === count - 1) {
        states[FIELD.literals] = fields[FIELD.literals]?.lastState(literals) ?? 0;
        states[FIELD.offset] = fields[FIELD.offset]?.lastState(offset) ?? 0;
        states[FIELD.match] = fields[FIELD.match]?.lastState(match) ?? 0;
      } else {
        step(FIELD.offset, offset);
        step(FIELD.match, match);
        step(FIELD.literals, literals);
      }
      bits.add((literalLengths[i] ?? 0) - (LITERAL_CODES.bases[literals] ?? 0), LITERAL_CODES.bits[literals] ?? 0);
      bits.add((matchLengths[i] ?? 0) - (MATCH_CODES.bases[match] ?? 0), MATCH_CODES.bits[match] ?? 0);
      const rest = (offsets[i] ?? 0) - 2 ** offset;
      bits.add(rest % (1 << LOW_BITS), Math.min(LOW_BITS, offset));
      bits.add(Math.floor(rest / (1 << LOW_BITS)), Math.max(0, offset - LOW_BITS));
    }
    for (const field of [FIELD.match, FIELD.offset, FIELD.literals])
      bits.add(states[field] ?? 0, fields[field]?.log ?? 0);
    return bits.finishMarked().slice();
  }
}

const NO_CODES = new Uint8Array(0);

/** The codes of the three values of each sequence, by field. */
export function codesOf({ count, literalLengths, offsets, matchLengths }: Sequences): readonly Uint8Array[] {
  return [
    Uint8Array.from(literalLengths.subarray(0, count), literalCode),
    Uint8Array.from(offsets.subarray(0, count), offsetCode),
    Uint8Array.from(matchLengths.subarray(0, count), matchCode),
  ];
}

function fourStreams(huffman: Huffman, literals: Uint8Array): Uint8Array[] {
  const part = (literals.length + 3) >> 2;
  if (3 * part > literals.length) throw damaged();
  const streams = [0, 1, 2, 3].map((i) =>
    huffman.write(literals.subarray(i * part, i < 3 ? (i + 1) * part : undefined)),
  );
  const jumps = Buffer.alloc(6);
  for (let i = 0; i < 3; i++) {
    const { length } = streams[i] ?? NO_CODES;
    if (length > 0xffff) throw damaged();
    jumps.writeUInt16LE(length, 2 * i);
  }
  return [jumps, ...streams];
}

/** Little-endian; `value` may have more than 32 bits. */
function bytesOf(value: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => Math.floor(value / 256 ** i) % 256);
}
