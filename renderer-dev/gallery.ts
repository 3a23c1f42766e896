/** `/gallery` of `npm run dev`: every part and every screen in every state, one window high each, in any language. */
import { css, html, LitElement, type TemplateResult } from 'lit';
import { appStyles } from '../renderer/app-styles.ts';
import { figureStyles } from '../renderer/components/figure-styles.ts';
import { viewOf } from '../renderer/screens/index.ts';
import { pageOf } from '../renderer/screens/layout.ts';
import { coloursOf } from '../renderer/state/colours.ts';
import { screenOf } from '../renderer/state/screen.ts';
import '../renderer/teacher/class-page.ts';
import { wordsFor } from '../renderer/words/languages.ts';
import type { Words } from '../renderer/words/words.ts';
import { parts } from './gallery-parts.ts';
import { childScreens, classSnapshot, type Shown } from './gallery-story.ts';
import { chosenLanguage, followBuilds } from './reload.ts';

const LANGUAGES = ['en', 'es', 'pt', 'fr', 'ar', 'fa-AF', 'ps', 'ne', 'mn', 'km', 'rw', 'qu'];
const nothingToDo = (): void => {};
const refuse = async () => ({ ok: false, code: 'Internal' }) as const;

class GalleryScreen extends LitElement {
  static override properties = { shown: { attribute: false }, words: { attribute: false } };
  static override styles = [figureStyles, appStyles];
  declare shown: Shown;
  declare words: Words;

  override render(): TemplateResult {
    const { snapshot, question } = this.shown;
    const { words } = this;
    this.style.setProperty('--line-height', String(words.lineHeight));
    const view = viewOf(screenOf(snapshot, { question, refused: '', nowSeconds: Date.now() / 1000 }), {
      words,
      colours: coloursOf(snapshot.owner.colours),
      runs: snapshot.properties?.bootedVersion ?? 0,
    });
    return pageOf(view, {
      words,
      told: '',
      said: '',
      pressed: '',
      canRead: true,
      canTeach: false,
      tell: nothingToDo,
      tap: nothingToDo,
      read: nothingToDo,
      toClass: nothingToDo,
    });
  }
}
customElements.define('gallery-screen', GalleryScreen);

class RippleGallery extends LitElement {
  static override properties = { words: { state: true } };
  declare words: Words | undefined;

  static override styles = [
    figureStyles,
    css`
    :host { display: block; }
    nav { display: flex; flex-wrap: wrap; gap: 8px 16px; padding: 16px; }
    h2 { margin: 24px 16px 8px; font-size: 22px; }
    .row { display: flex; flex-wrap: wrap; gap: 16px; padding: 0 16px; }
    figure { margin: 0; text-align: center; }
    figure svg { inline-size: 96px; block-size: 96px; overflow: visible; }
    section { block-size: 100vh; overflow: auto; border-block-end: 2px solid var(--grey); }
    a { color: inherit; }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#speak(chosenLanguage() || 'en');
    void followBuilds();
  }

  async #speak(language: string): Promise<void> {
    this.words = await wordsFor([language]);
    sessionStorage.setItem('language', language);
    document.documentElement.lang = this.words.language;
    document.documentElement.dir = this.words.direction;
  }

  override render(): TemplateResult {
    const { words } = this;
    if (!words) return html``;
    const teacher = (name: string, count: number, page: object = { kind: 'map' }): TemplateResult => html`
      <h2>${name}</h2><section data-shown=${name}><ripple-class .snapshot=${classSnapshot(count)} .words=${words}
        .ask=${refuse} .page=${page}></ripple-class></section>`;
    return html`
      <nav>
        <label>Language <select @change=${this.#choose}>${LANGUAGES.map(
          (one) => html`<option value=${one} ?selected=${one === words.language}>${one}</option>`,
        )}</select></label>
        <span>Resize the window to see other sizes; each screen is one window high.</span>
      </nav>
      ${parts()}
      ${childScreens().map(
        (shown) => html`<h2>${shown.name}</h2>
          <section data-shown=${shown.name}><gallery-screen .shown=${shown} .words=${words}></gallery-screen></section>`,
      )}
      ${teacher('a class of 28', 28)} ${teacher('a class of 60', 60)} ${teacher('a school of 500', 500)}
      ${teacher('nobody in the class', 0)} ${teacher('the order form', 28, { kind: 'order' })}
      ${teacher('one laptop', 28, { kind: 'laptop', id: 'pupil-003' })}`;
  }

  #choose(event: Event): void {
    if (event.target instanceof HTMLSelectElement) void this.#speak(event.target.value);
  }
}
customElements.define('ripple-gallery', RippleGallery);
