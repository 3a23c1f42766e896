/** A scenario file: what the scripted daemon plays, step by step. JSON, so that it can be written without knowing any code. */
import { RippleError } from '../../api/errors.ts';
import { type Chapter, STORY } from './child-story.ts';

/** Methods of the daemon that a step can wait for. */
export const AWAITED = ['check', 'fetch', 'accept', 'defer', 'rollback', 'cancel', 'restart'] as const;
export type Awaited = (typeof AWAITED)[number];

export interface Step {
  /** A state of the laptop, or no daemon at all. */
  readonly show: Chapter | 'away';
  /** Then the next step; 0: this one stays. */
  readonly seconds: number;
  /** The next step when the window asks for this. */
  readonly until: Awaited | undefined;
  /** How full it is at the beginning and the end of the step, 0 to 1; only for what is on its way. */
  readonly grows: readonly [from: number, to: number] | undefined;
  /** So many friends instead of the story's own. */
  readonly neighbours: number | undefined;
  /** The teacher's deadline, from the beginning of the step. */
  readonly deadlineSeconds: number | undefined;
}

export interface Scenario {
  readonly steps: readonly Step[];
  /** Begins again after the last step. */
  readonly loop: boolean;
  /** This laptop is a teacher's, with so many in the class; 0: a child's. */
  readonly class: number;
}

const MOST_LAPTOPS = 1000;
const MOST_SECONDS = 86_400;
const STEP_KEYS = ['show', 'seconds', 'until', 'grows', 'neighbours', 'deadlineSeconds'];
const KEYS = ['about', 'steps', 'loop', 'class'];

type Members = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isChapter(value: unknown): value is Chapter {
  return typeof value === 'string' && Object.hasOwn(STORY, value);
}

/** Reads a scenario. @throws RippleError InvalidArgument: one line that names the file, the step and what would be right */
export function parseScenario(text: string, file: string): Scenario {
  const wrong = (what: string): RippleError => new RippleError('InvalidArgument', `${file}: ${what}`);
  const number = (value: unknown, what: string, least: number, most: number): number => {
    if (typeof value !== 'number' || !(value >= least && value <= most))
      throw wrong(`${what} must be a number from ${least} to ${most}`);
    return value;
  };
  const onlyKeys = (members: Members, known: readonly string[], what: string): void => {
    const extra = Object.keys(members).find((key) => !known.includes(key));
    if (extra !== undefined) throw wrong(`${what}: "${extra}" is not known; known: ${known.join(', ')}`);
  };

  const parseStep = (value: unknown, nth: number): Step => {
    const what = `step ${nth + 1}`;
    if (!isObject(value)) throw wrong(`${what} must be an object like {"show": "idle", "seconds": 5}`);
    onlyKeys(value, STEP_KEYS, what);
    const { show, seconds, until, grows, neighbours, deadlineSeconds } = value;
    if (show !== 'away' && !isChapter(show))
      throw wrong(`${what}: "show" must be one of ${[...Object.keys(STORY), 'away'].join(', ')}`);
    const awaited = AWAITED.find((name) => name === until);
    if (until !== undefined && awaited === undefined)
      throw wrong(`${what}: "until" must be one of ${AWAITED.join(', ')}`);
    if (grows !== undefined && !(Array.isArray(grows) && grows.length === 2))
      throw wrong(`${what}: "grows" must be two numbers, like [0, 1]`);
    const optional = (given: unknown, name: string, most: number): number | undefined =>
      given === undefined ? undefined : number(given, `${what}: "${name}"`, 0, most);
    return {
      show,
      seconds: optional(seconds, 'seconds', MOST_SECONDS) ?? 0,
      until: awaited,
      grows: grows && [number(grows[0], `${what}: "grows"`, 0, 1), number(grows[1], `${what}: "grows"`, 0, 1)],
      neighbours: optional(neighbours, 'neighbours', MOST_LAPTOPS),
      deadlineSeconds: optional(deadlineSeconds, 'deadlineSeconds', 30 * MOST_SECONDS),
    };
  };

  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong(`is not JSON: ${error instanceof Error ? error.message.split('\n', 1)[0] : 'it cannot be read'}`);
  }
  if (!isObject(value) || !Array.isArray(value.steps) || value.steps.length === 0)
    throw wrong('a scenario is an object with "steps", a list of at least one');
  onlyKeys(value, KEYS, 'the scenario');
  if (value.loop !== undefined && typeof value.loop !== 'boolean') throw wrong('"loop" must be true or false');
  const steps = value.steps.map(parseStep);
  // A loop of steps that take no time would never let go.
  if (value.loop === true && steps.some((step) => step.seconds < 0.1 && step.until === undefined))
    throw wrong('every step of a loop needs "seconds" (at least 0.1) or "until"');
  return {
    steps,
    loop: value.loop === true,
    class: value.class === undefined ? 0 : Math.floor(number(value.class, '"class"', 0, MOST_LAPTOPS)),
  };
}
