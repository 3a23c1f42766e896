/** `RippleError` ↔ `org.laptop.Ripple1.Error.*`: the one place that maps them, in both directions. */
import { ERROR_PREFIX } from '../service/api/description.ts';
import { ERROR_CODES, type ErrorCode, RippleError } from '../service/api/errors.ts';
import { BusError } from './error.ts';

export function toBusError(error: RippleError): BusError {
  return new BusError(ERROR_PREFIX + error.code, error.message);
}

/** What a failed call means to whoever made it. Errors that the bus itself makes get the code that fits best. */
export function toRippleError(thrown: unknown): RippleError {
  if (thrown instanceof RippleError) return thrown;
  if (!(thrown instanceof BusError)) return new RippleError('Internal', 'internal error', { cause: thrown });
  const code = ERROR_CODES.find((one) => thrown.name === ERROR_PREFIX + one);
  return new RippleError(code ?? codeOfStandard(thrown.name), textOf(thrown), { cause: thrown });
}

const STANDARD_PREFIX = 'org.freedesktop.DBus.Error.';
const NO_DAEMON = /^(ServiceUnknown|NameHasNoOwner|Spawn\..*)$/;

function codeOfStandard(name: string): ErrorCode {
  if (!name.startsWith(STANDARD_PREFIX)) return 'Internal';
  switch (name.slice(STANDARD_PREFIX.length)) {
    case 'AccessDenied':
      return 'NotAuthorized';
    case 'InvalidArgs':
    case 'UnknownMethod':
      return 'InvalidArgument';
    case 'LimitsExceeded':
      return 'Busy';
    default:
      return 'IoError';
  }
}

function textOf(error: BusError): string {
  return error.name.startsWith(STANDARD_PREFIX) && NO_DAEMON.test(error.name.slice(STANDARD_PREFIX.length))
    ? 'the Ripple daemon is not running; start ripple-daemon and try again'
    : error.text;
}
