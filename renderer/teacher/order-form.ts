import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { ActivityCall, CallResult } from '../../service/api/activity.ts';
import type { Words } from '../words/words.ts';
import { orderWhen, type WhenChoice } from './class-state.ts';
import { teacherStyles } from './teacher-styles.ts';

const CANARIES = 2;
const WHENS: readonly WhenChoice[] = ['now', 'afterSchool', 'time'];

/** Local time as a `datetime-local` field has it. */
function localField(ms: number): string {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 16);
}

/** Which version, when, until when, who first, for whom, and the key's passphrase. Fires `sent` when it is out. */
export class RippleOrderForm extends LitElement {
  static override properties = {
    versions: { attribute: false },
    words: { attribute: false },
    ask: { attribute: false },
    problem: { state: true },
    busy: { state: true },
    when: { state: true },
    who: { state: true },
  };
  declare versions: readonly number[];
  declare words: Words;
  declare ask: (call: ActivityCall) => Promise<CallResult>;
  declare problem: string;
  declare busy: boolean;
  declare when: WhenChoice;
  declare who: 'everyone' | 'one';
  readonly #deadline = localField(Date.now() + 24 * 3600 * 1000);

  constructor() {
    super();
    this.problem = '';
    this.busy = false;
    this.when = 'now';
    this.who = 'everyone';
  }

  static override styles = teacherStyles;

  override render(): TemplateResult {
    const { order, version } = this.words.teacher;
    const choice = (name: string, value: string, label: string, checked: boolean, change?: () => void) =>
      html`<label class="choice"><input type="radio" name=${name} value=${value} ?checked=${checked} @change=${change ?? nothing} />${label}</label>`;
    return html`<form @submit=${this.#send}>
      <fieldset><legend>${order.which}</legend>
        ${this.versions.map((one, i) => choice('version', String(one), version.replace('{version}', String(one)), i === 0))}
      </fieldset>
      <fieldset><legend>${order.when}</legend>
        ${WHENS.map((when) =>
          choice('when', when, order[when], this.when === when, () => {
            this.when = when;
          }),
        )}
        ${this.when === 'time' ? html`<input type="datetime-local" name="time" aria-label=${order.time} value=${this.#deadline} />` : nothing}
      </fieldset>
      <label class="field">${order.deadline}<input type="datetime-local" name="deadline" value=${this.#deadline} required /></label>
      <fieldset>${choice('first', 'canaries', order.canaries, true)}${choice('first', 'together', order.together, false)}</fieldset>
      <fieldset><legend>${order.who}</legend>
        ${(['everyone', 'one'] as const).map((who) =>
          choice('who', who, order[who], this.who === who, () => {
            this.who = who;
          }),
        )}
        ${this.who === 'one' ? html`<input name="class" aria-label=${order.one} maxlength="128" autocomplete="off" />` : nothing}
      </fieldset>
      <label class="field">${order.passphrase}<input type="password" name="passphrase" autocomplete="off" /></label>
      <div role="alert">${this.problem === '' ? nothing : html`<p class="problem">${this.problem}</p>`}</div>
      <div class="row"><button class="main" ?disabled=${this.busy}>${this.busy ? order.sending : order.send}</button></div>
    </form>`;
  }

  #call(form: HTMLFormElement): ActivityCall | undefined {
    const data = new FormData(form);
    const text = (name: string): string => {
      const value = data.get(name);
      return typeof value === 'string' ? value : '';
    };
    const deadline = new Date(text('deadline'));
    const when = orderWhen(this.when, text('time'), Date.now());
    const one = this.who === 'one' ? text('class').trim() : '';
    if (when === undefined || Number.isNaN(deadline.getTime()) || (this.who === 'one' && one === '')) return undefined;
    return {
      name: 'order',
      version: Number(text('version')),
      when,
      deadline: deadline.toISOString(),
      canaries: text('first') === 'canaries' ? CANARIES : 0,
      class: one,
      passphrase: text('passphrase'),
    };
  }

  #send(event: Event): void {
    event.preventDefault();
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || this.busy) return;
    const { order } = this.words.teacher;
    const call = this.#call(form);
    if (!call) {
      this.problem = order.fill;
      return;
    }
    this.busy = true;
    this.problem = '';
    void this.ask(call).then((result) => {
      this.busy = false;
      // The passphrase does not stay in the page, whatever came of it.
      const field = form.elements.namedItem('passphrase');
      if (field instanceof HTMLInputElement) field.value = '';
      if (result.ok) this.dispatchEvent(new CustomEvent('sent'));
      else this.problem = `${order.wrong} ${result.message ?? result.code}`;
    });
  }
}
customElements.define('ripple-order-form', RippleOrderForm);
