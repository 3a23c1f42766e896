import { RippleError } from '../api/errors.ts';

export interface JsonLimits {
  readonly maxBytes: number;
  readonly maxDepth: number;
}

/** Turns bytes from outside into a `JsonObject`, bounded before anything is built from them. */
export function readJsonDocument(what: string, bytes: Uint8Array, limits: JsonLimits): JsonObject {
  if (bytes.length > limits.maxBytes)
    throw new RippleError('InvalidArgument', `${what}: ${bytes.length} bytes, at most ${limits.maxBytes} are allowed`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new RippleError('InvalidArgument', `${what}: is not UTF-8`, { cause });
  }
  if (nestingDepth(text) > limits.maxDepth)
    throw new RippleError('InvalidArgument', `${what}: nested more than ${limits.maxDepth} deep`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RippleError('InvalidArgument', `${what}: is not JSON`, { cause });
  }
  return new JsonObject(what, '', value);
}

/** Deepest bracket outside strings; counted on the text, so that the parser never sees a deep one. */
function nestingDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i];
    if (inString) {
      if (c === '\\') i += 1;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === '{' || c === '[') {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (c === '}' || c === ']') depth -= 1;
  }
  return deepest;
}

/**
 * A JSON object whose members are taken out one by one, each with its type and range. Members nobody asks for are
 * ignored. Every complaint is `RippleError('InvalidArgument')` and names the document and the member.
 */
export class JsonObject {
  readonly #what: string;
  readonly #path: string;
  readonly #members: ReadonlyMap<string, unknown>;

  constructor(what: string, path: string, value: unknown) {
    this.#what = what;
    this.#path = path;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new RippleError(
        'InvalidArgument',
        path === '' ? `${what}: is not a JSON object` : `${what}: "${path}" must be an object`,
      );
    // Own members only: "__proto__" and "constructor" are names like any other.
    this.#members = new Map(Object.entries(value));
  }

  string(name: string, maxLength: number): string {
    return this.#string(name, this.#member(name), maxLength);
  }

  matching(name: string, pattern: RegExp, form: string, maxLength: number): string {
    const value = this.string(name, maxLength);
    if (!pattern.test(value)) this.#fail(name, `must be ${form}`);
    return value;
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.#member(name);
    const found = allowed.find((word) => word === value);
    if (found === undefined) this.#fail(name, `must be ${allowed.map((word) => `"${word}"`).join(' or ')}`);
    return found;
  }

  integer(name: string, min: number, max: number): number {
    const value = this.#member(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) this.#fail(name, 'must be a whole number');
    if (value < min || value > max) this.#fail(name, `must be from ${min} to ${max}, is ${value}`);
    return value;
  }

  boolean(name: string): boolean {
    const value = this.#member(name);
    if (typeof value !== 'boolean') this.#fail(name, 'must be true or false');
    return value;
  }

  object(name: string): JsonObject {
    return new JsonObject(this.#what, this.#name(name), this.#member(name));
  }

  strings(name: string, maxCount: number, maxLength: number): readonly string[] {
    const value = this.#member(name);
    if (!Array.isArray(value)) this.#fail(name, 'must be a list');
    if (value.length > maxCount) this.#fail(name, `has ${value.length} entries, at most ${maxCount} are allowed`);
    return value.map((item: unknown, i) => this.#string(`${name}[${i}]`, item, maxLength));
  }

  /** For rules that reach over several members. */
  fail(name: string, problem: string): never {
    this.#fail(name, problem);
  }

  #string(name: string, value: unknown, maxLength: number): string {
    if (typeof value !== 'string') this.#fail(name, 'must be a string');
    if (value.length > maxLength) this.#fail(name, `is longer than ${maxLength} characters`);
    return value;
  }

  #member(name: string): unknown {
    if (!this.#members.has(name)) this.#fail(name, 'is missing');
    return this.#members.get(name);
  }

  #name(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  #fail(name: string, problem: string): never {
    throw new RippleError('InvalidArgument', `${this.#what}: "${this.#name(name)}" ${problem}`);
  }
}
