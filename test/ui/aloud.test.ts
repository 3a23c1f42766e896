/** Screens for somebody who sees nothing, and for somebody who has only a keyboard. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { viewOf } from '../../renderer/screens/index.ts';
import { coloursOf } from '../../renderer/state/colours.ts';
import { screenOf } from '../../renderer/state/screen.ts';
import { wordsFor } from '../../renderer/words/languages.ts';
import { type ActivitySnapshot, CONNECTING } from '../../service/api/activity.ts';
import { fetching, STORY } from '../../service/demo/scripted/child-story.ts';
import { FIRST_SNAPSHOT } from '../../service/demo/scripted/scripted-updater.ts';
import { launchBrowser } from '../helpers/activity-stage.ts';
import { ALL_SCREENS, type Case, CHILD_SCREENS, SIZES } from '../helpers/all-screens.ts';
import { ShowWindow } from '../helpers/show-window.ts';

let browser: Browser;
before(async () => {
  browser = await launchBrowser();
});
after(async () => {
  await ShowWindow.closeAll();
  await browser.close();
});

const plain = (text: string): string => text.replace(/[\u2068\u2069]/g, '');

for (const language of ['en', 'ar', 'km'])
  test(`in ${language} a screen reader hears each screen in order: picture, heading, sentence, buttons`, async () => {
    const words = await wordsFor([language]);
    const window = await ShowWindow.open(browser, { language });
    await window.size(SIZES.wide);
    for (const { name, snapshot, question } of CHILD_SCREENS) {
      await window.show(snapshot, question);
      const screen = screenOf(snapshot, { question, refused: '', nowSeconds: Date.now() / 1000 });
      const view = viewOf(screen, { words, colours: coloursOf(''), runs: 6 });
      const buttons = view.choices ?? [view.main, view.second].flatMap((one) => (one ? [one] : []));
      const ring = view.ring?.shown ?? [];
      const spoken = await window.spoken();
      const at = (line: string): number => {
        const found = spoken.indexOf(plain(line));
        assert.ok(found >= 0, `${name}: "${plain(line)}" is not said: ${spoken.join(' | ')}`);
        return found;
      };
      const { title, line } = view.sentence;
      const order = [
        ...ring.map((friend) => at(`button: ${words.friend(friend)}`)),
        ...(view.level === undefined ? [] : [at(`progressbar: ${words.progress}`)]),
        at(`heading: ${title}`),
        at(`button: ${words.buttons.read}`),
        ...(line ? [at(`text: ${line}`)] : []),
        ...buttons.map(({ label }) => at(`button: ${label}`)),
      ];
      assert.deepEqual(
        order,
        [...order].sort((a, b) => a - b),
        name,
      );
      assert.equal(spoken.filter((one) => one.startsWith('heading: ')).length, 1, name);
      for (const one of spoken) assert.doesNotMatch(one, /^(button|heading|image|textbox|progressbar): $/, name);
      // What is drawn is told by the words: no screen reader stumbles over the drawing.
      assert.ok(!spoken.some((one) => /^(graphics|SvgRoot|img)/.test(one)), `${name}: ${spoken.join(' | ')}`);
    }
    await window.close();
  });

/** What the keyboard can reach with Tab, and whether each of them was ringed. */
async function tabbed(
  window: ShowWindow,
): Promise<{ readonly reached: readonly string[]; readonly unringed: readonly string[] }> {
  await window.page.evaluate(() => {
    const active = (root: DocumentOrShadowRoot): Element | null => {
      const inner = root.activeElement?.shadowRoot;
      return inner?.activeElement ? active(inner) : root.activeElement;
    };
    const focused = active(document);
    if (focused instanceof HTMLElement) focused.blur();
    document.body.tabIndex = -1;
    document.body.focus();
  });
  const reached: string[] = [];
  const unringed: string[] = [];
  for (let i = 0; i < 40; i++) {
    await window.page.keyboard.press('Tab');
    const [key, ringed] = await window.page.evaluate(() => {
      let one = document.activeElement;
      while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
      if (!one || one === document.body) return ['', true] as const;
      const box = one.getBoundingClientRect();
      const ring = getComputedStyle(one.closest('label.choice') ?? one);
      const own = getComputedStyle(one);
      const seen = [ring, own].some(
        ({ outlineStyle, outlineWidth }) => outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 3,
      );
      return [
        `${one.localName} ${one.getAttribute('name') ?? ''} ${Math.round(box.x)},${Math.round(box.y)}`,
        seen,
      ] as const;
    });
    if (key === '' || key === reached[0]) break;
    // A date field has a stop for each of its parts.
    if (key !== reached.at(-1)) reached.push(key);
    if (!ringed) unringed.push(key);
  }
  return { reached, unringed };
}

/** Stops that there have to be: a group of radio buttons, a ring and a map of tiles are one each. */
function stops(window: ShowWindow): Promise<number> {
  return window.page.evaluate(() => {
    const every = (root: ParentNode): Element[] =>
      [...root.querySelectorAll('*')].flatMap((one) => (one.shadowRoot ? [one, ...every(one.shadowRoot)] : [one]));
    const all = every(document.body).filter(
      (one) => one.checkVisibility() && one.matches('button:enabled, input, select'),
    );
    const groups = new Set(
      all.map((one) =>
        one.matches('.friend, .tile')
          ? one.className.split(' ')[0]
          : one.matches('[type=radio]')
            ? one.getAttribute('name')
            : one,
      ),
    );
    return groups.size;
  });
}

test('everything can be reached with Tab, and what has the focus is ringed', async () => {
  const window = await ShowWindow.open(browser);
  await window.size(SIZES.wide);
  for (const { name, snapshot, question, classPage } of ALL_SCREENS) {
    await window.show(snapshot, question, classPage);
    const { reached, unringed } = await tabbed(window);
    assert.deepEqual(unringed, [], name);
    assert.equal(reached.length, await stops(window), `${name}: ${reached.join(' | ')}`);
  }
  await window.close();
});

test('while it comes the live region says five things, politely, never a number, and never two within fifteen seconds', async () => {
  const window = await ShowWindow.open(browser, { ownClock: true });
  const heard = (change: object): ActivitySnapshot => {
    const { daemonVersion: _, ...properties } = { ...FIRST_SNAPSHOT, ...change };
    return { ...CONNECTING, daemon: 'present', properties };
  };
  const status = window.page.locator('[role=status]');
  const said: { readonly text: string; readonly second: number }[] = [];
  let second = 0;
  const listen = async (): Promise<void> => {
    const text = plain((await status.textContent()) ?? '');
    if (text !== said.at(-1)?.text) said.push({ text, second });
  };
  await window.hear(heard(fetching(0)));
  for (; second < 160; second += 2) {
    await window.hear(heard(fetching(second / 160)));
    await window.page.clock.runFor(2000);
    await listen();
  }
  await window.hear(heard(STORY.ready));
  await listen();
  assert.deepEqual(
    said.map(({ text }) => text),
    [
      'Getting it from Ana and Luis.',
      'It has started.',
      'A quarter is here.',
      'Half is here.',
      'Nearly ready.',
      'Your new Sugar is ready. Save your work, then restart.',
    ],
  );
  for (const [i, { second: at }] of said.slice(1, -1).entries()) assert.ok(at - (said[i]?.second ?? 0) >= 14);
  assert.equal(await status.getAttribute('aria-live'), 'polite');
  await window.close();
});

test('a case is looked at in every state there is', () => {
  const names = new Set(ALL_SCREENS.map(({ name }: Case) => name));
  assert.equal(names.size, ALL_SCREENS.length, 'no picture is written over another');
  const kinds = new Set(
    CHILD_SCREENS.map(({ snapshot, question }) => {
      const screen = screenOf(snapshot, { question, refused: '', nowSeconds: Date.now() / 1000 });
      return screen.kind === 'trouble' ? `trouble ${screen.trouble}` : screen.kind;
    }),
  );
  assert.equal(kinds.size, 15 + 8, [...kinds].join());
});
