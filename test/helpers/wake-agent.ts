/**
 * A laptop for tests of wake-up packets, as a process that can be put into a namespace: the real sockets and the real
 * verifier. First argument: `WakeAgentOptions` as JSON. Each line on its input is a `WakeCommand`, of its output a `WakeReport`.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Verifier } from '../../service/sign/verifier.ts';
import { Waker } from '../../service/wake/waker.ts';

export interface WakeAgentOptions {
  readonly image: string;
  readonly port: number;
  /** It runs this one; 0: it listens to nobody. */
  readonly version: number;
  readonly keyring: string;
}
export type WakeCommand =
  | { readonly do: 'tell'; readonly file: string; readonly versions: readonly number[] }
  | { readonly do: 'learn'; readonly file: string };
export type WakeReport =
  | { readonly is: 'ready' | 'told' | 'checking' }
  | { readonly is: 'woken'; readonly version: number }
  | { readonly is: 'log'; readonly message: string };

const report = (what: WakeReport): boolean => process.stdout.write(`${JSON.stringify(what)}\n`);
const log = (message: string): boolean => report({ is: 'log', message });
const { image, port, version, keyring }: WakeAgentOptions = JSON.parse(process.argv[2] ?? '{}');
const verifier = await Verifier.fromInstalled(readFileSync(keyring), 0);
const waker = new Waker({
  image,
  port,
  interfaces: [],
  verify: async (bytes) => {
    report({ is: 'checking' });
    return (await verifier.release(bytes, { image, minVersionExclusive: version })).document;
  },
  woken: (release) => report({ is: 'woken', version: release.version }),
  random: Math.random,
  clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
  logger: { info: log, warn: log },
});
if (version > 0) waker.listen(version);
report({ is: 'ready' });
createInterface({ input: process.stdin }).on('line', async (line) => {
  const command: WakeCommand = JSON.parse(line);
  const bytes = readFileSync(command.file);
  if (command.do === 'tell') {
    await waker.tell(bytes, command.versions);
    report({ is: 'told' });
  } else waker.learned(bytes, (await verifier.release(bytes, { image })).document);
});
