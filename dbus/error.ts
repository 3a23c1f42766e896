/** Names that the D-Bus specification and the reference implementation give to failures. */
const STANDARD = 'org.freedesktop.DBus.Error.';

/** An error as it crosses the bus: `name` is the D-Bus error name, `text` one line for people. */
export class BusError extends Error {
  readonly text: string;
  constructor(name: string, text: string) {
    super(text);
    this.name = name;
    this.text = text;
  }
}

/** A `BusError` named `org.freedesktop.DBus.Error.` plus `kind`, e.g. `UnknownMethod`, `NoReply`, `Disconnected`. */
export function standardError(kind: string, text: string): BusError {
  return new BusError(`${STANDARD}${kind}`, text);
}

export function isStandardError(thrown: unknown, kind: string): boolean {
  return thrown instanceof BusError && thrown.name === `${STANDARD}${kind}`;
}
