/** Match rules: which signals a listener wants. Format: D-Bus specification, "Match Rules". */

export interface SignalRule {
  /** A unique name (`:1.5`) or a well-known one; a well-known one means whoever owns it when the signal comes. */
  readonly sender?: string;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  /** The first argument, a string. */
  readonly arg0?: string;
}

/** The rule as `AddMatch` takes it. */
export function matchRule(rule: SignalRule): string {
  const quote = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;
  const keys = ['sender', 'path', 'interface', 'member', 'arg0'] as const;
  return [
    "type='signal'",
    ...keys.flatMap((key) => (rule[key] === undefined ? [] : [`${key}=${quote(rule[key])}`])),
  ].join(',');
}
