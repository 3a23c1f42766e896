/** The methods of the Updater interface, tied to the updater. Arguments are checked before anything is decided. */
import type { MethodIn, MethodName, MethodOut, VariantDict } from '../api/description.ts';
import type { Updater } from '../core/updater.ts';
import { uint32 } from './encode.ts';
import { acceptOptions, checkOptions, deferOptions, noOptions, positiveVersion } from './options.ts';

/** Checks the values of a call (throws `RippleError` InvalidArgument) and gives what is to be done if it is allowed. */
type Bind<M extends MethodName> = (...args: MethodIn<M>) => () => Promise<MethodOut<M>>;
export type BoundMethods = { readonly [M in MethodName]: Bind<M> };

export function bindMethods(updater: Updater): BoundMethods {
  return {
    Check: (options) => {
      const origin = checkOptions(options);
      return () => nothing(updater.check(origin));
    },
    Fetch: (version: number, options: VariantDict) => {
      noOptions('Fetch', options);
      const wanted = positiveVersion('Fetch', version);
      return () => nothing(updater.fetch(wanted));
    },
    Accept: (version, options) => {
      const when = acceptOptions(options);
      const wanted = positiveVersion('Accept', version);
      return () => nothing(updater.accept(wanted, when));
    },
    Defer: (version, options) => {
      const until = deferOptions(options);
      const wanted = positiveVersion('Defer', version);
      return () => nothing(updater.defer(wanted, until));
    },
    Rollback: (options) => {
      noOptions('Rollback', options);
      return () => nothing(updater.rollback());
    },
    Cancel: () => () => nothing(updater.cancel()),
    Verify: () => async () => {
      const { checked, damaged } = await updater.verify();
      return [uint32(checked), uint32(damaged)];
    },
    Repair: () => async () => {
      const { repaired } = await updater.repair();
      return [uint32(repaired)];
    },
    Restart: () => () => nothing(updater.restart()),
  };
}

async function nothing(done: Promise<void>): Promise<readonly []> {
  await done;
  return [];
}
