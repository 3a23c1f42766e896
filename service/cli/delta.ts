/** `ripple diff` and `ripple patch`: the difference of two files, and what it makes of one of them. */
import { statSync, writeSync } from 'node:fs';
import { applyDiff } from '../delta/apply.ts';
import { FORMAT_NAMES, type FormatName } from '../delta/format.ts';
import { intoName } from '../delta/into-name.ts';
import { makeDiff } from '../delta/make.ts';
import { type Command, type Invocation, UsageError } from './command.ts';
import { formatBytes } from './terminal.ts';

export const diffCommand: Command = {
  description:
    'Compares OLD with NEW and writes to OUT what turns the one into the other. Programs and libraries give the smallest differences: what moved in them is predicted. The result is tried out before it is written.\n\nThe format bsdiff40 is for others: the stock bspatch takes it.',
  positionals: [
    { name: 'OLD', doc: 'the file that the other side has' },
    { name: 'NEW', doc: 'the file that it is to have' },
    { name: 'OUT', doc: 'where the difference is written' },
  ],
  options: {
    format: { type: 'string', value: FORMAT_NAMES.join('|'), doc: `how to write it; ${FORMAT_NAMES[0]} unless given` },
    json: { type: 'boolean', doc: 'print the result as JSON' },
  },
  examples: [
    'ripple diff libpng16.so.16.38 libpng16.so.16.39 libpng.diff',
    'ripple diff --format bsdiff40 old new update.bsdiff',
  ],
  run: async (invocation) => {
    const { terminal, signal } = invocation;
    const newPath = invocation.positional(1);
    const out = invocation.positional(2);
    const format = formatOf(invocation);
    const diff = await makeDiff({
      oldPath: invocation.positional(0),
      newPath,
      format,
      signal,
      onShare: (share) => terminal.bar('Comparing', share, 1),
    });
    await intoName(out, async (fd) => {
      for (let done = 0; done < diff.length; ) done += writeSync(fd, diff, done);
    });
    const newBytes = statSync(newPath).size;
    terminal.result(
      { format, diffBytes: diff.length, newBytes },
      () => `${out}: ${formatBytes(diff.length)} instead of ${formatBytes(newBytes)}.`,
    );
  },
};

export const patchCommand: Command = {
  description:
    'Turns OLD into NEW by a difference that ripple diff or bsdiff wrote. NEW gets its name only when all of it is there, and with --sha256 only when it is right; OLD is not changed, and may be replaced: ripple patch FILE DIFF FILE.',
  positionals: [
    { name: 'OLD', doc: 'the file that the difference was made from' },
    { name: 'DIFF', doc: 'the difference, of any format of ripple diff' },
    { name: 'NEW', doc: 'the file to write' },
  ],
  options: {
    sha256: { type: 'string', value: 'HEX', doc: 'what the new file must be' },
    json: { type: 'boolean', doc: 'print the result as JSON' },
  },
  examples: ['ripple patch libpng16.so.16.38 libpng.diff libpng16.so.16.39'],
  run: async (invocation) => {
    const { terminal, signal } = invocation;
    const newPath = invocation.positional(2);
    const sha256 = sha256Of(invocation);
    const oldBytes = statSync(invocation.positional(0), { throwIfNoEntry: false })?.size ?? 0;
    const made = await applyDiff({
      oldPath: invocation.positional(0),
      diffPath: invocation.positional(1),
      target: { path: newPath },
      expected: { sha256 },
      signal,
      // How long the new file gets is not known before its end; most are about as long as the old one.
      onProgress: (doneBytes) =>
        terminal.bar('Writing', doneBytes, Math.max(oldBytes, doneBytes), formatBytes(doneBytes)),
    });
    terminal.result(
      { sizeBytes: made.sizeBytes, sha256: made.sha256 },
      () => `${newPath}: ${formatBytes(made.sizeBytes)}, sha256 ${made.sha256}`,
    );
  },
};

function formatOf(invocation: Invocation): FormatName {
  const wanted = invocation.string('format') ?? FORMAT_NAMES[0];
  const format = FORMAT_NAMES.find((name) => name === wanted);
  if (!format) throw new UsageError(`--format must be ${FORMAT_NAMES.join(' or ')}, not "${wanted}"`);
  return format;
}

function sha256Of(invocation: Invocation): string | undefined {
  const sha256 = invocation.string('sha256')?.toLowerCase();
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256))
    throw new UsageError(`--sha256 must be 64 hex digits, not "${sha256}"`);
  return sha256;
}
