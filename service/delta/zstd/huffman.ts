/** The Huffman code of literals (RFC 8878, 4.2). */
import { BackwardBits, BitWriter } from './bits.ts';
import { readCounts, usualCounts, usualLog, writeCounts } from './counts.ts';
import { damaged, highestBit } from './format.ts';
import { FseTable } from './fse-table.ts';

export const MAX_HUFFMAN_BITS = 11;
const MAX_WEIGHT_LOG = 6;
const MAX_WEIGHTS = 255;
/** A first byte from here on: weights as they are, two in a byte. */
const PLAIN = 128;

/** From the weight of each symbol: 0 for none, else a bit less of code for each one more. The last one is not 0. */
export class Huffman {
  readonly weights: Uint8Array;
  readonly maxBits: number;
  /** By the next `maxBits` bits. */
  readonly #symbols: Uint8Array;
  readonly #codes: Uint16Array;

  /** @throws UnreadableStreamError for weights that make no code */
  constructor(weights: Uint8Array) {
    let sum = 0;
    for (const weight of weights) sum += weight > 0 ? 1 << (weight - 1) : 0;
    this.weights = weights;
    this.maxBits = highestBit(Math.max(1, sum));
    if (sum !== 1 << this.maxBits || this.maxBits < 1 || this.maxBits > MAX_HUFFMAN_BITS) throw damaged();
    this.#symbols = new Uint8Array(sum);
    this.#codes = new Uint16Array(weights.length);
    let at = 0;
    for (let weight = 1; weight <= this.maxBits; weight++)
      for (const [symbol, its] of weights.entries()) {
        if (its !== weight) continue;
        this.#codes[symbol] = at >>> (weight - 1);
        this.#symbols.fill(symbol, at, at + (1 << (weight - 1)));
        at += 1 << (weight - 1);
      }
    if (at !== sum) throw damaged();
  }

  has(symbol: number): boolean {
    return (this.weights[symbol] ?? 0) > 0;
  }

  read(bytes: Uint8Array, into: Uint8Array): void {
    const source = new BackwardBits(bytes);
    const { maxBits, weights } = this;
    for (let i = 0; i < into.length; i++) {
      const symbol = this.#symbols[source.peek(maxBits)] ?? 0;
      source.left -= maxBits + 1 - (weights[symbol] ?? 0);
      into[i] = symbol;
    }
    source.end();
  }

  /** One stream, which is the caller's to keep. */
  write(literals: Uint8Array): Uint8Array {
    const out = new BitWriter();
    for (let i = literals.length - 1; i >= 0; i--) {
      const symbol = literals[i] ?? 0;
      out.add(this.#codes[symbol] ?? 0, this.maxBits + 1 - (this.weights[symbol] ?? 0));
    }
    return out.finishMarked();
  }
}

/** What is sent of a code. @throws UnreadableStreamError */
export function readWeights(bytes: Uint8Array): { readonly weights: Uint8Array; readonly sizeBytes: number } {
  const first = bytes[0] ?? 0;
  const isPlain = first >= PLAIN;
  const count = first - PLAIN + 1;
  const sizeBytes = 1 + (isPlain ? (count + 1) >> 1 : first);
  if (sizeBytes > bytes.length) throw damaged();
  const body = bytes.subarray(1, sizeBytes);
  const weights = isPlain
    ? Array.from({ length: count }, (_, i) => ((body[i >> 1] ?? 0) >> (i % 2 === 0 ? 4 : 0)) & 15)
    : readPackedWeights(body);
  return { weights: withLast(weights), sizeBytes };
}

function readPackedWeights(body: Uint8Array): number[] {
  const counts = readCounts(body, MAX_HUFFMAN_BITS + 1, MAX_WEIGHT_LOG);
  const table = FseTable.ofCounts(counts);
  const source = new BackwardBits(body.subarray(counts.sizeBytes));
  const states = [source.take(table.log), source.take(table.log)];
  const weights: number[] = [];
  for (let turn = 0; ; turn = 1 - turn) {
    const state = states[turn] ?? 0;
    weights.push(table.symbols[state] ?? 0);
    if (weights.length >= MAX_WEIGHTS) throw damaged();
    states[turn] = (table.bases[state] ?? 0) + source.take(table.bits[state] ?? 0);
    if (source.left >= 0) continue;
    weights.push(table.symbols[states[1 - turn] ?? 0] ?? 0);
    return weights;
  }
}

/** The last weight is what is missing. */
function withLast(weights: readonly number[]): Uint8Array {
  let sum = 0;
  for (const weight of weights) sum += weight > 0 ? 1 << (weight - 1) : 0;
  if (sum === 0) throw damaged();
  const missing = (1 << (highestBit(sum) + 1)) - sum;
  if ((missing & (missing - 1)) !== 0) throw damaged();
  return Uint8Array.from([...weights, highestBit(missing) + 1]);
}

/** The weights as the usual packer sends them: packed where that is shorter. */
export function writeWeights(weights: Uint8Array): Uint8Array {
  const sent = weights.subarray(0, -1);
  const packed = packedWeights(sent);
  if (packed && packed.length > 1 && packed.length < sent.length / 2) return Uint8Array.of(packed.length, ...packed);
  const body = new Uint8Array((sent.length + 1) >> 1);
  for (const [i, weight] of sent.entries()) body[i >> 1] = (body[i >> 1] ?? 0) | (weight << (i % 2 === 0 ? 4 : 0));
  return Uint8Array.of(PLAIN - 1 + sent.length, ...body);
}

function packedWeights(weights: Uint8Array): Uint8Array | undefined {
  const histogram = new Uint32Array(MAX_HUFFMAN_BITS + 2);
  for (const weight of weights) histogram[weight] = (histogram[weight] ?? 0) + 1;
  const most = Math.max(...histogram);
  if (weights.length < 2 || most === weights.length || most === 1) return undefined;
  const maxWeight = histogram.findLastIndex((count) => count > 0);
  const counts = usualCounts(histogram, weights.length, usualLog(weights.length, maxWeight, MAX_WEIGHT_LOG), 1);
  const table = FseTable.ofCounts(counts);
  const out = new BitWriter();
  const last = weights.length - 1;
  const states: number[] = [];
  for (let i = last; i >= 0; i--) {
    const weight = weights[i] ?? 0;
    const next = states[i & 1];
    if (next === undefined) {
      states[i & 1] = table.lastState(weight);
      continue;
    }
    const bits = table.bitsBefore(weight, next);
    out.add(next & ((1 << bits) - 1), bits);
    states[i & 1] = table.stateBefore(weight, next, bits);
  }
  out.add(states[1] ?? 0, table.log);
  out.add(states[0] ?? 0, table.log);
  return Uint8Array.from([...writeCounts(counts), ...out.finishMarked()]);
}
