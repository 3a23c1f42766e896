/** The few things the activity remembers for one person, as JSON in the XDG state folder. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { NOTHING_SEEN, type Seen } from './arrival.ts';
import { type Helped, NOBODY_YET, parseHelped } from './helpers.ts';

export interface PersonState extends Seen {
  /** `#stroke,#fill`, given once to whoever has no colours in the desktop's settings; empty else. */
  readonly colours: string;
  readonly helped: Helped;
}

export const NEW_PERSON: PersonState = { ...NOTHING_SEEN, colours: '', helped: NOBODY_YET };

/** XDG Base Directory Specification, `XDG_STATE_HOME`. */
export function stateFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'ripple-activity', 'state.json');
}

/** A missing or damaged file is a new person. */
export async function readState(file: string): Promise<PersonState> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof value === 'object' && value !== null ? parse(new Map(Object.entries(value))) : NEW_PERSON;
  } catch {
    return NEW_PERSON;
  }
}

function parse(members: ReadonlyMap<string, unknown>): PersonState {
  const seenVersion = members.get('seenVersion');
  const colours = members.get('colours');
  return {
    seenVersion: typeof seenVersion === 'number' && Number.isInteger(seenVersion) && seenVersion > 0 ? seenVersion : 0,
    wentBack: members.get('wentBack') === true,
    colours: typeof colours === 'string' ? colours : '',
    helped: parseHelped(members.get('helped')),
  };
}

/** Whole or not at all. */
export async function writeState(file: string, state: PersonState): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  await rename(fresh, file);
}
