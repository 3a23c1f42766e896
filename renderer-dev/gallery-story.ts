/** Every screen there is, by name: what the page would have heard to show it. */

import type { Question } from '../renderer/state/screen.ts';
import { type ActivitySnapshot, CONNECTING } from '../service/api/activity.ts';
import { type Change, STORY } from '../service/demo/scripted/child-story.ts';
import { pupils } from '../service/demo/scripted/class-story.ts';
import { FIRST_SNAPSHOT } from '../service/demo/scripted/scripted-updater.ts';

export interface Shown {
  readonly name: string;
  readonly snapshot: ActivitySnapshot;
  readonly question: Question;
}

const OWNER = { name: 'Maya', colours: '#ff2b34,#005fe4' };
const HELPERS = [
  { id: 'a', name: 'Ana', colours: '#005fe4,#fffa00', role: 'laptop' },
  { id: 's', name: '', colours: '', role: 'school' },
] as const;

function heard(change: Change, more: Partial<ActivitySnapshot> = {}): ActivitySnapshot {
  const { daemonVersion: _, ...properties } = { ...FIRST_SNAPSHOT, ...change };
  return { ...CONNECTING, daemon: 'present', owner: OWNER, properties, ...more };
}

/** Every chapter of the story, and what only the window knows. */
export function childScreens(): readonly Shown[] {
  const arrivals: Readonly<Record<string, Partial<ActivitySnapshot>>> = {
    'arrived-new': { arrival: 'new', helpers: HELPERS },
    'arrived-back': { arrival: 'back' },
  };
  const chapters = Object.entries(STORY).map(
    ([name, change]): Shown => ({ name, snapshot: heard(change, arrivals[name]), question: 'none' }),
  );
  return [
    { name: 'starting', snapshot: { ...CONNECTING, owner: OWNER }, question: 'none' },
    { name: 'asleep', snapshot: { ...CONNECTING, daemon: 'absent', owner: OWNER }, question: 'none' },
    ...chapters,
    { name: 'arrived-new: nobody near', snapshot: heard(STORY['arrived-new'], { arrival: 'new' }), question: 'none' },
    { name: 'later: when?', snapshot: heard(STORY.available), question: 'later' },
    { name: 'go back?', snapshot: heard(STORY['arrived-new']), question: 'goBack' },
  ];
}

/** A teacher's laptop with so many in the class. */
export function classSnapshot(count: number, change: Change = STORY.available): ActivitySnapshot {
  return heard(change, { classroom: pupils(count) });
}
