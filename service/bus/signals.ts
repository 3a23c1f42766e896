/** What the updater tells → the signals of the description. */
import { signatureOf } from '../../dbus/typed.ts';
import { type SignalArgs, type SignalName, UPDATER } from '../api/description.ts';
import type { UpdaterSignal } from '../core/updater.ts';
import { encodeOrder, encodeVersion, string, uint32 } from './encode.ts';

/** Signature and values belong together: both come from the description. */
export interface EncodedSignal {
  readonly name: SignalName;
  readonly signature: string;
  readonly args: readonly unknown[];
}

export function encodeSignal(signal: UpdaterSignal): EncodedSignal {
  switch (signal.name) {
    case 'UpdateAvailable':
    case 'UpdateReady':
      return encoded(signal.name, [uint32(signal.info.version), encodeVersion(signal.info)]);
    case 'UpdateFailed':
      return encoded(signal.name, [uint32(signal.version), signal.error.code, string(signal.error.message)]);
    case 'RolledBack':
      return encoded(signal.name, [uint32(signal.from), uint32(signal.to), string(signal.reason)]);
    case 'OrderReceived':
      return encoded(signal.name, [encodeOrder(signal.order)]);
    case 'StateChanged':
      return encoded(signal.name, [signal.old, signal.new]);
  }
}

function encoded<S extends SignalName>(name: S, args: SignalArgs<S>): EncodedSignal {
  return { name, signature: signatureOf(UPDATER.signals[name].args), args };
}
