import { html, type SVGTemplateResult, type TemplateResult } from 'lit';
import type { ActivityCall } from '../../service/api/activity.ts';
import type { IconName } from '../components/icons.ts';
import type { Colours } from '../state/colours.ts';
import type { Ring } from '../state/friends.ts';
import type { Question } from '../state/screen.ts';
import type { Note } from '../words/notes.ts';
import type { Sentence, Words } from '../words/words.ts';

/** What a tap does: asks the main process, or opens or closes a question in the window. */
export type Action =
  | { readonly type: 'call'; readonly call: ActivityCall }
  | { readonly type: 'ask'; readonly question: Question }
  | { readonly type: 'close' };

export interface Button {
  readonly label: string;
  readonly icon: IconName;
  readonly action: Action;
}

/** One screen, ready to be laid out: one picture, a sentence or two, at most two buttons. */
export interface View {
  readonly sentence: Sentence;
  /** What is new, one sentence each. */
  readonly notes?: readonly Note[];
  /** Smaller, under the rest: who has it. */
  readonly aside?: string;
  readonly picture: SVGTemplateResult;
  /** Beside the words: how long there is. */
  readonly corner?: SVGTemplateResult;
  readonly ring?: Ring;
  /** Dots fly from the friends who give. */
  readonly giving?: boolean;
  /** 0 to 1, where something is on its way; read out as a progress bar. */
  readonly level?: number;
  /** Enter. */
  readonly main?: Button;
  readonly second?: Button;
  /** In place of both: pictures to choose from. The first is Enter. */
  readonly choices?: readonly Button[];
  /** What Esc does: the same as one of the buttons, never more. */
  readonly escape?: Action;
}

/** What every screen may use besides its own data. */
export interface Context {
  readonly words: Words;
  /** The child's own. */
  readonly colours: Colours;
  /** The version that runs; 0 where nothing is known. */
  readonly runs: number;
}

export function call(request: ActivityCall): Action {
  return { type: 'call', call: request };
}

/** A drawing of 100 by 100. */
export function drawing(content: SVGTemplateResult): TemplateResult {
  return html`<svg class="drawing" viewBox="0 0 100 100" aria-hidden="true">${content}</svg>`;
}
