// Logistic mixing in integers (Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression", 2005).

/** 65536 / (1 + e^(-x/256)) for x from -2047 to 2047, made with whole numbers only so that every machine has the same table. */
const SQUASH = new Uint16Array(4096);
/** Inverse: ln(p / (1 - p)) * 256 for p in 1/4096. */
const STRETCH = new Int16Array(4096);

function fill(): void {
  const one = 1n << 60n;
  // e^(-1/256) = 1 - 1/256 + 1/(2·256²) - …
  let step = 0n;
  let term = one;
  for (let n = 1n; n < 12n; n++) {
    step += term;
    term = -term / (256n * n);
  }
  let power = one;
  for (let x = 0; x < 2048; x++) {
    const p = Number((one << 16n) / (one + power));
    SQUASH[2048 + x] = Math.min(p, 65535);
    SQUASH[2048 - x] = Math.max(65536 - p, 1);
    power = (power * step) / one;
  }
  SQUASH[0] = SQUASH[1] ?? 1;
  let x = -2047;
  for (let p = 0; p < 4096; p++) {
    while (x < 2047 && (SQUASH[2048 + x] ?? 0) < p * 16 + 8) x++;
    STRETCH[p] = x;
  }
}
fill();

/** `x` in 1/256, any number; answer in 1/65536, from 1 to 65535. */
export function squash(x: number): number {
  return SQUASH[x > 2047 ? 4095 : x < -2047 ? 1 : x + 2048] ?? 32768;
}

/** `p` in 1/4096. */
export function stretch(p: number): number {
  return STRETCH[p] ?? 0;
}

/** Weighs `inputs` predictions; one set of weights for each of `contexts`. */
export class Mixer {
  private readonly weights: Int32Array;
  private readonly stretched: Int32Array;
  private readonly inputs: number;
  private readonly rate: number;
  private base = 0;
  private mixed = 32768;

  constructor(inputs: number, contexts: number, rate: number, firstWeight = Math.floor(65536 / inputs) + 8192) {
    this.inputs = inputs;
    this.rate = rate;
    this.weights = new Int32Array(inputs * contexts).fill(firstWeight);
    this.stretched = new Int32Array(inputs);
  }

  /** `p` in 1/4096. */
  put(input: number, p: number): void {
    this.stretched[input] = STRETCH[p] ?? 0;
  }

  putStretched(input: number, value: number): void {
    this.stretched[input] = value;
  }

  /** Probability of a 1 in 1/65536. */
  mix(context: number): number {
    const base = context * this.inputs;
    this.base = base;
    let sum = 0;
    for (let i = 0; i < this.inputs; i++) sum += (this.weights[base + i] ?? 0) * (this.stretched[i] ?? 0);
    // A sum stays below 2^53: weights are clamped, inputs are 12 bits.
    this.mixed = squash(Math.floor(sum / 65536));
    return this.mixed;
  }

  learn(bit: number): void {
    const error = ((bit !== 0 ? 65535 : 0) - this.mixed) * this.rate;
    for (let i = 0; i < this.inputs; i++) {
      const at = this.base + i;
      const weight = (this.weights[at] ?? 0) + Math.round(((this.stretched[i] ?? 0) * error) / 65536);
      this.weights[at] = weight > 524287 ? 524287 : weight < -524288 ? -524288 : weight;
    }
  }
}
