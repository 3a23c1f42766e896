/** `ripple adopt --finish`: the system before Ripple goes, once a version runs well in its place. */
import { type OldItem, removeOldSystem, requireSuperfluous, surveyOldSystem } from '../adopt/old-system.ts';
import { mountPoints } from '../adopt/survey.ts';
import { readConfig } from '../daemon/config.ts';
import { readBooted } from '../deploy/booted.ts';
import { Layout } from '../deploy/layout.ts';
import type { Invocation } from './command.ts';
import { formatBytes, formatTable } from './terminal.ts';
import { needWritable } from './writable-sysroot.ts';

/** Shows what is left of the old system; with `--yes` it goes. @throws RippleError `WrongState` while it is needed */
export async function finishAdoption(invocation: Invocation): Promise<void> {
  const { terminal } = invocation;
  const config = readConfig(invocation.string('config') ?? '/etc/ripple/ripple.toml');
  const layout = new Layout(config.sysroot);
  const booted = readBooted(config.bootMarker)?.deployment;
  requireSuperfluous({ layout, booted, mounts: mountPoints() });
  const removes = invocation.flag('yes');
  if (removes) needWritable(layout.sysroot);
  const items = await surveyOldSystem(layout);
  const bytes = items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (removes) await removeOldSystem(layout, items, (done) => terminal.bar('deleting', done, bytes, formatBytes(done)));
  terminal.result({ removed: removes, freedBytes: bytes, items }, () => text(items, bytes, removes));
}

function text(items: readonly OldItem[], bytes: number, removed: boolean): string {
  if (items.length === 0) return 'Nothing is left of the old system.';
  const freed = `up to ${formatBytes(bytes)}`;
  const table = formatTable(
    ['OLD SYSTEM', 'FREES'],
    items.map(({ path, sizeBytes }) => [path, formatBytes(sizeBytes)]),
  );
  return `${table}\n${
    removed
      ? `The old system is gone; ${freed} freed.`
      : `Nothing was deleted. To delete this and free ${freed}: ripple adopt --finish --yes. The old system cannot be started any more after that.`
  }`;
}
