/** One key of `ripple.toml`: the reader, the documented file and the page of the manual follow from it. */
export interface KeySpec {
  readonly key: string;
  readonly kind: 'string' | 'strings' | 'integer' | 'boolean';
  readonly fallback: string | number | boolean | readonly string[];
  readonly doc: string;
  readonly oneOf?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}
