/** Who sits at the screen, and their colours. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Owner } from '../service/api/activity.ts';

const COLOURS = /^#[0-9a-f]{6},#[0-9a-f]{6}$/i;
/** For desktops that give their people no colours: one of these, once, and then always the same. */
const PAIRS = [
  '#005fe4,#ffd400',
  '#b20008,#ff9ea1',
  '#008009,#8be88f',
  '#5e008c,#d1a3ff',
  '#a35200,#ffc169',
  '#00588c,#7fd1ff',
  '#9a0070,#ff9ad8',
  '#355500,#c8e65a',
] as const;

/** The value that `gsettings get` prints is a GVariant string: in single quotes. */
async function setting(key: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('gsettings', ['get', 'org.sugarlabs.user', key], { timeout: 2000 });
    return stdout.trim().replace(/^'(.*)'$/, '$1');
  } catch {
    return '';
  }
}

/**
 * Name and colours from Sugar's settings. Where there are none, the colours are `kept` from before, or drawn by lot
 * with `random` (0 up to 1).
 */
export async function findOwner(kept: string, random: number = Math.random()): Promise<Owner> {
  const [name, colours] = await Promise.all([setting('nick'), setting('color')]);
  if (COLOURS.test(colours)) return { name, colours };
  return { name, colours: COLOURS.test(kept) ? kept : (PAIRS[Math.floor(random * PAIRS.length)] ?? PAIRS[0]) };
}
