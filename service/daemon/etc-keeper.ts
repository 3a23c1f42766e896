/** Remembers and tells which files of /etc the laptop's own copy of hides a newer one of the version. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reasonOf } from '../api/errors.ts';
import type { Logger } from '../core/ports.ts';
import { type Deployment, deploymentName, type Layout, parseDeploymentName } from '../deploy/layout.ts';
import { bothChanged, stillDiffers } from '../deploy/own-etc.ts';
import { writeDurablySync } from '../sys/durable.ts';
import { addToHistory } from './history.ts';

export interface HiddenFile {
  /** Below /etc. */
  readonly path: string;
  /** The version that changed it first. */
  readonly version: number;
}

interface Kept {
  /** The deployment that ran when this was written. */
  readonly deployment: string;
  readonly hidden: readonly HiddenFile[];
}

/** Where everybody may read it, for `ripple status`. */
export const ETC_NOTICE = 'etc.json';

/**
 * Compares at a start of `booted`: forwards from the version that ran before. What the laptop's own copies hide by then
 * is kept until the copy is gone or says the same, and written beside `marker` for everybody. Never fails a start.
 */
export function keepEtc(layout: Layout, booted: Deployment | undefined, marker: string, logger: Logger): void {
  if (!booted) return;
  try {
    const before = readKept(layout);
    const hidden = compare(layout, booted, before);
    const known = new Set(before?.hidden.map(({ path }) => path));
    const fresh = hidden.filter(({ path }) => !known.has(path)).map(({ path }) => `/etc/${path}`);
    const kept: Kept = { deployment: deploymentName(booted), hidden };
    writeDurablySync(layout.etc, Buffer.from(`${JSON.stringify(kept)}\n`));
    if (fresh.length > 0) {
      logger.warn('changed here and by the new version: the copy of this laptop stays', { files: fresh });
      addToHistory(layout, { event: 'etc', version: booted.version, files: fresh });
    }
    const notice = join(dirname(marker), ETC_NOTICE);
    mkdirSync(dirname(notice), { recursive: true });
    if (hidden.length === 0) rmSync(notice, { force: true });
    else writeFileSync(notice, `${JSON.stringify(kept)}\n`, { mode: 0o644 });
  } catch (error) {
    logger.warn('cannot compare /etc', { message: reasonOf(error) });
  }
}

function compare(layout: Layout, booted: Deployment, before: Kept | undefined): HiddenFile[] {
  const etcOf = (deployment: Deployment): string => join(layout.deployment(deployment), 'etc');
  const layers = { own: layout.ownEtc, after: etcOf(booted) };
  const old = (before?.hidden ?? []).filter(
    ({ path, version }) => version <= booted.version && stillDiffers(layers, path),
  );
  const from = parseDeploymentName(before?.deployment ?? '');
  // On the way back nothing is new: the copies were made on that version or an older one.
  if (!from || from.image !== booted.image || from.version >= booted.version) return old;
  const known = new Set(old.map(({ path }) => path));
  const found = bothChanged({ ...layers, before: etcOf(from) }).filter((path) => !known.has(path));
  return [...old, ...found.map((path) => ({ path, version: booted.version }))];
}

function readKept(layout: Layout): Kept | undefined {
  try {
    return parseKept(readFileSync(layout.etc, 'utf8'));
  } catch {
    return undefined;
  }
}

/** @throws SyntaxError */
export function parseKept(text: string): Kept | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('deployment' in value) || !('hidden' in value)) return undefined;
  const { deployment, hidden } = value;
  if (typeof deployment !== 'string' || !Array.isArray(hidden)) return undefined;
  return { deployment, hidden: hidden.flatMap((one: unknown) => hiddenFile(one) ?? []) };
}

function hiddenFile(value: unknown): HiddenFile | undefined {
  if (typeof value !== 'object' || value === null || !('path' in value) || !('version' in value)) return undefined;
  const { path, version } = value;
  return typeof path === 'string' && typeof version === 'number' ? { path, version } : undefined;
}
