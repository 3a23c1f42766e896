import { BitReader, BitWriter } from './bits.ts';
import { BlockBuilder } from './block-builder.ts';
import { type Header, readHeader } from './block-header.ts';
import { ContentWindow, type PullContent } from './content-window.ts';
import { CorrectionReader, type Corrections, CorrectionWriter } from './corrections.ts';
import { DeflateContent } from './deflate-content.ts';
import {
  BLOCK,
  type BlockKind,
  FIXED_LENGTHS,
  MATCH_UNIT,
  MAX_DISTANCE,
  MAX_MATCH,
  MAX_STORED_BYTES,
  MIN_MATCH,
  type Token,
  UnreadableStreamError,
} from './format.ts';
import { MatchSearch } from './match-search.ts';
import { type Block, DeflateReader } from './reader.ts';
import { type Style, type StyleNumber, styleOf } from './style.ts';
import { TokenPredictor } from './token-predictor.ts';

/** What is written is handed on in pieces of about so much. */
const DRAINED_BITS = 8 << 18;
const MAX_HEADER_BITS = 17 + 19 * 3 + 316 * 14;

/**
 * Where the stream at `position` of `source`, which holds `content`, differs from what the program of this style would have written.
 * @throws UnreadableStreamError if that takes more than `maxBytes`
 */
export function correctionsOf(
  source: Uint8Array,
  position: number,
  content: Uint8Array,
  style: StyleNumber,
  maxBytes: number,
): Uint8Array {
  const writer = new CorrectionWriter(maxBytes);
  const given = new DeflateReader(source, position, content.length);
  new Rebuild(ContentWindow.of(content), knownStyle(style), writer, new BitWriter(), given).run();
  return writer.finish();
}

/** As `correctionsOf`, for content of any size, of which at most `maxContentBytes` are looked at. */
export function correctionsOfLarge(
  source: Uint8Array,
  position: number,
  style: StyleNumber,
  { maxBytes, maxContentBytes }: { readonly maxBytes: number; readonly maxContentBytes?: number },
): Uint8Array {
  const writer = new CorrectionWriter(maxBytes);
  const content = new DeflateContent(source, position);
  const given = new DeflateReader(source, position, Number.POSITIVE_INFINITY, () => {});
  const rebuild = new Rebuild(
    ContentWindow.pulled((into) => content.read(into)),
    knownStyle(style),
    writer,
    new BitWriter(),
    given,
  );
  rebuild.run(() => {}, maxContentBytes);
  return writer.finish();
}

/**
 * The stream again, from its content and its corrections, of at most `maxBytes`. Corrections may come from anybody: what
 * they make may be wrong, but not without bounds.
 * @throws UnreadableStreamError
 */
export function rebuildStream(
  content: Uint8Array,
  style: StyleNumber,
  corrections: Uint8Array,
  maxBytes: number,
): Uint8Array {
  const out = new BitWriter(maxBytes);
  new Rebuild(ContentWindow.of(content), knownStyle(style), new CorrectionReader(corrections), out).run();
  return out.finish();
}

/** As `rebuildStream`, for content of any size: `pull` is asked for it, and `sink` gets the stream, piece by piece. */
export function rebuildLargeStream(
  pull: PullContent,
  style: StyleNumber,
  corrections: Uint8Array,
  maxBytes: number,
  sink: (bytes: Uint8Array) => void,
): void {
  const out = new BitWriter(maxBytes);
  const content = ContentWindow.pulled(pull);
  new Rebuild(content, knownStyle(style), new CorrectionReader(corrections), out).run(sink);
  sink(out.finish());
}

function knownStyle(number: StyleNumber): Style {
  const style = styleOf(number);
  if (!style) throw new UnreadableStreamError('a program that is not known here');
  return style;
}

/** One walk over the content, the same when corrections are written (`given` is the real stream) and when they are read. */
class Rebuild {
  readonly #content: ContentWindow;
  readonly #corrections: Corrections;
  readonly #out: BitWriter;
  readonly #given: DeflateReader | undefined;
  readonly #search: MatchSearch;
  readonly #predictor: TokenPredictor;
  readonly #builder: BlockBuilder;
  /** In the window. */
  #position = 0;
  #movedBytes = 0;
  /** The program ended the block before here by its own rule, so that another follows. */
  #endedByRule = false;

  constructor(content: ContentWindow, style: Style, corrections: Corrections, out: BitWriter, given?: DeflateReader) {
    content.begin(style.gzip);
    this.#content = content;
    this.#corrections = corrections;
    this.#out = out;
    this.#given = given;
    this.#search = new MatchSearch(content, style);
    this.#predictor = new TokenPredictor(content, style, this.#search);
    this.#builder = new BlockBuilder(style);
  }

  /** `sink` gets what is written from time to time. Stops after the block that comes to `maxContentBytes`. */
  run(sink?: (bytes: Uint8Array) => void, maxContentBytes = Number.POSITIVE_INFINITY): void {
    for (let last = false; !last && this.#movedBytes + this.#position < maxContentBytes; ) {
      last = this.#block(this.#given?.next());
      if (sink && this.#out.bitCount >= DRAINED_BITS) this.#out.drain(sink);
    }
  }

  /** Asks for more content in time. */
  #refill(): void {
    const by = this.#content.refill(this.#position);
    this.#movedBytes += by;
    this.#position -= by;
    this.#builder.start -= by;
    this.#search.moved(by);
    this.#predictor.moved(by);
  }

  /** Answers whether it is the last one. */
  #block(block: Block | undefined): boolean {
    const corrections = this.#corrections;
    if (this.#position >= this.#content.refillAt) this.#refill();
    this.#builder.begin(this.#position);
    this.#endedByRule = false;
    const empty = this.#position === this.#content.size || !corrections.right(block?.size !== 0);
    if (!empty) this.#tokens(block);
    const end = this.#position;
    const from = this.#builder.start;
    const last =
      end === this.#content.size && corrections.right(block?.last !== this.#endedByRule) !== this.#endedByRule;
    const plan = this.#builder.plan(end, from >= this.#search.windowStart);
    const kind = this.#kind(plan.kind, block);
    this.#out.put(last ? 1 : 0, 1);
    this.#out.put(kind, 2);
    if (kind === BLOCK.stored) {
      if (end - from > MAX_STORED_BYTES) throw new UnreadableStreamError('a stored block that is too long');
      this.#out.align();
      this.#out.put(end - from, 16);
      this.#out.put((end - from) ^ 0xffff, 16);
      this.#out.putBytes(this.#content.bytes.subarray(from, end));
    } else if (kind === BLOCK.fixed) {
      this.#builder.write(this.#out, FIXED_LENGTHS);
    } else {
      const header = this.#header(plan.header, block);
      for (let at = 0; at < header.bitCount; at += 8)
        this.#out.put(bitsOf(header, at), Math.min(8, header.bitCount - at));
      this.#builder.write(this.#out, header === plan.header ? plan.lengths : readHeader(new BitReader(header.bytes)));
    }
    return last;
  }

  /** At least one. */
  #tokens(block: Block | undefined): void {
    const content = this.#content;
    for (let index = 0; ; index++) {
      if (this.#position >= content.refillAt) this.#refill();
      const position = this.#position;
      const token = this.#token(block, index);
      this.#predictor.accept(position, token);
      this.#position = position + (token < MATCH_UNIT ? 1 : token >>> 16);
      this.#endedByRule = this.#builder.add(token, position);
      if (this.#position === content.size) return;
      const ended = block && this.#position === this.#builder.start + block.size;
      if (this.#corrections.right(ended === this.#endedByRule) === this.#endedByRule) return;
    }
  }

  #token(block: Block | undefined, index: number): Token {
    const position = this.#position;
    const predicted = this.#predictor.predict(position);
    const literal = this.#content.bytes[position] ?? 0;
    let actual = predicted;
    if (block?.kind === BLOCK.stored) {
      // Its tokens were never written: any will do that end where it ends.
      if (position + (predicted >>> 16) > this.#builder.start + block.size) actual = literal;
    } else if (block) {
      actual = block.tokens[index] ?? 0;
    }
    if (this.#corrections.right(actual === predicted)) return predicted;
    const length = this.#corrections.number(actual >>> 16);
    if (length === 0) return literal;
    const distance = this.#corrections.number(actual & 0xffff);
    const room = this.#content.size - position;
    if (length < MIN_MATCH || length > Math.min(MAX_MATCH, room) || distance < 1 || distance > MAX_DISTANCE)
      throw new UnreadableStreamError('its corrections make no sense');
    return length * MATCH_UNIT + distance;
  }

  #kind(predicted: BlockKind, block: Block | undefined): number {
    if (this.#corrections.right(block?.kind === predicted)) return predicted;
    const kind = this.#corrections.number(block?.kind ?? 0);
    if (kind > BLOCK.dynamic) throw new UnreadableStreamError('its corrections make no sense');
    return kind;
  }

  #header(predicted: Header, block: Block | undefined): Header {
    const given = this.#given;
    const actual = given && block ? headerOf(given, block) : predicted;
    if (this.#corrections.right(sameHeader(actual, predicted))) return predicted;
    const bitCount = this.#corrections.number(actual.bitCount);
    if (bitCount > MAX_HEADER_BITS) throw new UnreadableStreamError('its corrections make no sense');
    const bytes = new Uint8Array(Math.ceil(bitCount / 8));
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#corrections.number(actual.bytes[i] ?? 0);
    return { bytes, bitCount };
  }
}

function headerOf(reader: DeflateReader, { headerFrom, headerEnd }: Block): Header {
  const bitCount = headerEnd - headerFrom;
  const bytes = new Uint8Array(Math.ceil(bitCount / 8));
  for (let i = 0; i < bytes.length; i++) bytes[i] = reader.bitsAt(headerFrom + i * 8, Math.min(8, bitCount - i * 8));
  return { bytes, bitCount };
}

function sameHeader(a: Header, b: Header): boolean {
  return a.bitCount === b.bitCount && a.bytes.every((byte, i) => byte === b.bytes[i]);
}

function bitsOf({ bytes, bitCount }: Header, at: number): number {
  const byte = bytes[at / 8] ?? 0;
  return bitCount - at >= 8 ? byte : byte & ((1 << (bitCount - at)) - 1);
}
