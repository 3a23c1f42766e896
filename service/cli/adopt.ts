/** `ripple adopt`: an installed Debian becomes the first version of its laptop. */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Adoption, adopt, surveyAdoption } from '../adopt/adopt.ts';
import { addToGrub, buildInitramfs, fileSystemUuid, startLine } from '../adopt/start.ts';
import {
  isAdopted,
  type MountPoint,
  mountAt,
  mountPoints,
  requireAdoptable,
  startableKernels,
} from '../adopt/survey.ts';
import { RippleError, reasonOf } from '../api/errors.ts';
import { readConfig } from '../daemon/config.ts';
import { lockSysroot } from '../daemon/sysroot-lock.ts';
import { deploymentName, Layout } from '../deploy/layout.ts';
import { MAX_KEYRING_BYTES, parseKeyring } from '../image/documents.ts';
import { readSignedMessage } from '../sign/packets.ts';
import { finishAdoption } from './adopt-finish.ts';
import { type Command, type Invocation, UsageError } from './command.ts';
import { formatBytes } from './terminal.ts';

export const adoptCommand: Command = {
  description: `Copies the system files of the running Debian into a version beside it, which starts next time. Nothing of the running system is changed or moved: /home, /root and /var are used from where they are, and the old system can still be chosen in the menu of the boot loader.

The files are copied, and cloned where the file system can; they are not hard-linked, for whatever writes into a file of the running system would then change the version. So there must be room for them once more. What the laptop changed in /etc, its names, keys and users stay its own over every version. What no version has is then found below /sysroot.

Everything must lie on one file system. When it is cut short, the next run begins again.

Once a version runs well, --finish shows what is left of the old system, and with --yes takes it away: its folders, its kernels, and its place in GRUB's menu. It refuses while the old system runs or is the only way back. /home, /root, /var and what is in no version stay.`,
  positionals: [],
  options: {
    root: { type: 'string', value: 'DIR', doc: 'where the installed system is mounted; / when not given' },
    version: { type: 'string', value: 'N', doc: 'the version it becomes, below every published one; 1 when not given' },
    keyring: { type: 'string', value: 'FILE', doc: 'the keyring of the repository to follow, its keyring/1.pgp' },
    'no-initramfs': { type: 'boolean', doc: 'leave the initramfs as it is: it has the hook already' },
    finish: { type: 'boolean', doc: 'tell what is left of the old system, and take it away with --yes' },
    yes: { type: 'boolean', doc: 'with --finish: delete' },
    config: {
      type: 'string',
      value: 'FILE',
      doc: 'with --finish: the configuration; /etc/ripple/ripple.toml when not given',
    },
    'dry-run': { type: 'boolean', doc: 'only read, count and tell' },
    json: { type: 'boolean', doc: 'print the result as JSON' },
  },
  examples: [
    'ripple adopt --dry-run',
    'ripple adopt --keyring /media/stick/keyring/1.pgp',
    'ripple adopt --finish',
    'ripple adopt --finish --yes',
  ],
  run: async (invocation) => {
    const { terminal, signal } = invocation;
    const root = resolve(invocation.string('root') ?? '/');
    const dryRun = invocation.flag('dry-run');
    const finishes = invocation.flag('finish');
    for (const name of ['yes', 'config'])
      if (!finishes && (invocation.flag(name) || invocation.string(name) !== undefined))
        throw new UsageError(`--${name} goes with --finish only`);
    if (process.getuid?.() !== 0) throw new RippleError('NotAuthorized', 'only root can adopt a system; try sudo');
    if (finishes) return finishAdoption(invocation);
    const layout = new Layout(root);
    if (!dryRun && isAdopted(root, layout) && finishedNow(root))
      return terminal.say(
        `${root} was adopted already; its entry in GRUB was missing and is there now. Next: restart.`,
      );
    const top = requireAdoptable(root, layout, mountPoints());
    const config = join(root, 'etc/ripple/ripple.toml');
    const { image, keyring } = readConfig(config);
    const given = invocation.string('keyring');
    if (given !== undefined || !existsSync(join(root, keyring))) checkKeyring(given, join(root, keyring));
    const target = { image, version: invocation.integer('version', 1, 999_999_999) ?? 1 };
    const options = {
      root,
      target,
      signal,
      onProgress: (phase: string, done: number, total: number) => terminal.bar(phase, done, total, formatBytes(done)),
    };
    if (dryRun) {
      const adoption = await surveyAdoption(options);
      return tell(invocation, root, top, adoption, `Would become ${deploymentName(target)}`);
    }
    lockSysroot(layout);
    if (given !== undefined) {
      mkdirSync(dirname(join(root, keyring)), { recursive: true });
      copyFileSync(given, join(root, keyring));
    }
    if (!invocation.flag('no-initramfs')) {
      terminal.say('Building the initramfs…');
      if (!buildInitramfs(root))
        terminal.warn(
          `${root} has neither initramfs-tools nor dracut: build an initramfs with the hook of Ripple yourself`,
        );
    }
    const adoption = await surveyAdoption(options);
    await adopt(options, adoption);
    tell(invocation, root, top, adoption, `${deploymentName(target)} is here and starts next`);
  },
};

/** A run that was cut short after the commit left this one thing to do. */
function finishedNow(root: string): boolean {
  const [top, uuid] = [mountAt(root, mountPoints()), fileSystemUuid(root)];
  if (!top || uuid === undefined || existsSync(join(root, 'boot/grub/custom.cfg'))) return false;
  return addToGrub(root, uuid, top) !== undefined;
}

function checkKeyring(given: string | undefined, installed: string): void {
  if (given === undefined)
    throw new RippleError(
      'InvalidArgument',
      `there is no keyring ${installed}, so no newer version could be trusted; give one with --keyring FILE`,
    );
  try {
    parseKeyring(readSignedMessage(readFileSync(given), MAX_KEYRING_BYTES).payload);
  } catch (error) {
    throw new RippleError('InvalidArgument', `${given} is no keyring: ${reasonOf(error)}`);
  }
}

function tell(invocation: Invocation, root: string, top: MountPoint, adoption: Adoption, what: string): void {
  const { terminal } = invocation;
  const { totalBytes, clones, entries, strangers, ownEtc } = adoption;
  for (const warning of adoption.warnings) terminal.warn(warning);
  const kernels = startableKernels(root);
  const uuid = fileSystemUuid(root);
  const grub = uuid === undefined || invocation.flag('dry-run') ? undefined : addToGrub(root, uuid, top);
  const value = { entries: entries.length, bytes: totalBytes, clones, ownEtc: ownEtc.length, strangers, kernels, grub };
  terminal.result(value, () =>
    [
      `${what}: ${entries.length} entries, ${formatBytes(totalBytes)} ${clones ? 'cloned, so without their room again' : 'copied'}; ${ownEtc.length} files of /etc are the laptop's own.`,
      ...(strangers.length > 0 ? [`In no version, found below /sysroot: ${strangers.join(', ')}`] : []),
      ...(kernels.length === 0
        ? ['There is no kernel with an initramfs in /boot: install linux-image and adopt again, or start it otherwise.']
        : []),
      grub
        ? `Next: restart. ${grub} starts Ripple; the old system is in the same menu.`
        : `Next: let the boot loader start ${startLine(uuid ?? 'UUID-OF-THIS-FILE-SYSTEM', top)}.`,
      'When it runs well, `ripple adopt --finish` takes the old system away.',
    ].join('\n'),
  );
}
