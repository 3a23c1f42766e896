/** Every screen and page that the matrix of tests goes through: a child's and a teacher's. */
import type { Question } from '../../renderer/state/screen.ts';
import { childScreens, classSnapshot } from '../../renderer-dev/gallery-story.ts';
import type { ActivitySnapshot } from '../../service/api/activity.ts';
import type { OrderInfo } from '../../service/api/model.ts';
import { STORY } from '../../service/demo/scripted/child-story.ts';
import { CHILD, type Measure, TEACHER } from './measure-screen.ts';
import type { ClassPage, Size } from './show-window.ts';

export interface Case {
  /** Good for a file name. */
  readonly name: string;
  readonly snapshot: ActivitySnapshot;
  readonly question: Question;
  readonly classPage?: ClassPage;
  readonly measure: Measure;
}

/** The sizes that ACTIVITY names: the least, the XO's own screen, portrait. */
export const SIZES = {
  small: { width: 800, height: 480 },
  wide: { width: 1200, height: 900 },
  tall: { width: 600, height: 1024 },
} as const satisfies Readonly<Record<string, Size>>;

const STANDING: OrderInfo = {
  version: 7,
  epoch: 1,
  when: 'now',
  deadline: 1_780_000_000,
  classes: ['*'],
  waits: 'canaries',
};

function teacher(name: string, count: number, classPage: ClassPage, ordered = false): Case {
  const change = ordered ? { ...STORY.available, order: STANDING } : STORY.available;
  return { name, snapshot: classSnapshot(count, change), question: 'none', classPage, measure: TEACHER };
}

export const CHILD_SCREENS: readonly Case[] = childScreens().map(({ name, snapshot, question }) => ({
  name: name.replace(/[^a-z]+/g, '-').replace(/-$/, ''),
  snapshot,
  question,
  measure: CHILD,
}));

export const TEACHER_PAGES: readonly Case[] = [
  teacher('class', 28, { kind: 'map' }),
  teacher('class-60', 60, { kind: 'map' }),
  teacher('class-ordered', 28, { kind: 'map' }, true),
  teacher('class-nobody', 0, { kind: 'map' }),
  teacher('class-order', 28, { kind: 'order' }),
  teacher('class-laptop', 28, { kind: 'laptop', id: 'pupil-003' }),
];

export const ALL_SCREENS = [...CHILD_SCREENS, ...TEACHER_PAGES];
