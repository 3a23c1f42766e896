/** What can be wrong with a drawn screen, measured in the page itself: too small, too near, cut off, on top of each other. */
import type { Page } from 'playwright-core';

export interface Measure {
  /** Every target's least side, CSS px. */
  readonly target: number;
  /** Between two targets, CSS px. */
  readonly gap: number;
  /** Least size of letters, CSS px; `button` that of buttons. */
  readonly text: number;
  readonly button: number;
  /** Whether the page may be longer than its window. Never wider. */
  readonly mayScroll: boolean;
}

/** ACTIVITY rules: a child's targets, and a teacher's. */
export const CHILD: Measure = { target: 75, gap: 15, text: 20, button: 24, mayScroll: false };
export const TEACHER: Measure = { target: 48, gap: 4, text: 14, button: 14, mayScroll: true };

/** One line for every fault; none for a screen that is right. */
export function faultsOf(page: Page, measure: Measure): Promise<readonly string[]> {
  return page.evaluate((rules) => {
    const faults: string[] = [];
    const near = 0.51;
    const every = (root: ParentNode): Element[] =>
      [...root.querySelectorAll('*')].flatMap((one) => (one.shadowRoot ? [one, ...every(one.shadowRoot)] : [one]));
    const shown = every(document.body).filter((one) => !one.closest('.hidden') && one.checkVisibility());
    const name = (one: Element): string =>
      `${one.localName}.${one.getAttribute('class') ?? ''} "${(one.getAttribute('aria-label') ?? one.textContent ?? '').trim().slice(0, 40)}"`;
    const { scrollWidth, scrollHeight } = document.documentElement;
    const most = { x: innerWidth, y: rules.mayScroll ? Math.max(innerHeight, scrollHeight) : innerHeight };
    if (scrollWidth > innerWidth) faults.push(`wider than the window: ${scrollWidth} > ${innerWidth}`);
    if (!rules.mayScroll && scrollHeight > innerHeight) faults.push(`does not fit: ${scrollHeight} > ${innerHeight}`);
    const outside = (box: DOMRect): boolean =>
      box.left < -near || box.top < -near || box.right > most.x + near || box.bottom > most.y + near;

    // A radio button is its label; a search field is itself.
    const targets = shown.filter((one) =>
      one.matches('button, label.choice, input:not([type=radio]), select, a[href]'),
    );
    const placed = targets.map((one) => ({ one, box: one.getBoundingClientRect(), round: one.matches('.friend') }));
    for (const { one, box } of placed) {
      if (Math.min(box.width, box.height) < rules.target - near)
        faults.push(`small: ${name(one)} ${box.width.toFixed(1)} x ${box.height.toFixed(1)}`);
      if (outside(box)) faults.push(`outside: ${name(one)}`);
    }
    const middle = (box: DOMRect) => ({ x: box.left + box.width / 2, y: box.top + box.height / 2 });
    for (const [i, a] of placed.entries())
      for (const b of placed.slice(i + 1)) {
        const [p, q] = [middle(a.box), middle(b.box)];
        const dx = Math.max(a.box.left - b.box.right, b.box.left - a.box.right, 0);
        const dy = Math.max(a.box.top - b.box.bottom, b.box.top - a.box.bottom, 0);
        // Figures of the ring are round.
        const gap =
          a.round && b.round ? Math.hypot(p.x - q.x, p.y - q.y) - (a.box.width + b.box.width) / 2 : Math.hypot(dx, dy);
        if (gap < rules.gap - near) faults.push(`near: ${name(a.one)} – ${name(b.one)} ${gap.toFixed(1)}`);
      }

    // Words: each text's own lines, by the block that they belong to.
    const blocks = new Map<Element, DOMRect[]>();
    for (const one of shown) {
      const { overflowX, textOverflow, fontSize } = getComputedStyle(one);
      if (overflowX !== 'visible' && textOverflow !== 'ellipsis' && one.scrollWidth > one.clientWidth + 1)
        faults.push(`cut off: ${name(one)}`);
      for (const text of one.childNodes) {
        if (!(text instanceof Text) || text.data.trim() === '') continue;
        const range = document.createRange();
        range.selectNodeContents(text);
        const lines = [...range.getClientRects()];
        const block = one.closest('button, label, h1, h2, p, li, dt, dd, pre, legend') ?? one;
        if (textOverflow !== 'ellipsis') blocks.set(block, [...(blocks.get(block) ?? []), ...lines]);
        const least = one.closest('.buttons button') ? rules.button : rules.text;
        if (Number.parseFloat(fontSize) < least) faults.push(`letters of ${fontSize}: ${name(one)}`);
        const inside = one.closest('button, label.choice')?.getBoundingClientRect();
        for (const line of textOverflow === 'ellipsis' ? [] : lines) {
          if (outside(line)) faults.push(`outside: ${name(one)}`);
          if (
            inside &&
            (line.left < inside.left + 1 ||
              line.right > inside.right - 1 ||
              line.top < inside.top - 4 ||
              line.bottom > inside.bottom + 4)
          )
            faults.push(`out of its button: ${name(one)}`);
        }
      }
    }
    const cross = (a: DOMRect, b: DOMRect): boolean =>
      Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
      Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 6;
    const written = [...blocks];
    for (const [i, [a, lines]] of written.entries()) {
      for (const [b, others] of written.slice(i + 1))
        if (!a.contains(b) && !b.contains(a) && lines.some((x) => others.some((y) => cross(x, y))))
          faults.push(`on top of each other: ${name(a)} – ${name(b)}`);
      for (const { one, box } of placed)
        if (!one.contains(a) && !a.contains(one) && lines.some((line) => cross(line, box)))
          faults.push(`under a target: ${name(a)} – ${name(one)}`);
    }

    // Pictures: all that is drawn, against the window and against the words.
    const drawn = shown.filter(
      (one) =>
        one instanceof SVGGeometryElement &&
        !one.closest('.dots, .waves, button') &&
        getComputedStyle(one).display !== 'none',
    );
    const cutOff = new Set(drawn.filter((one) => outside(one.getBoundingClientRect())).map((one) => name(one)));
    for (const one of cutOff) faults.push(`drawn outside: ${one}`);
    for (const [block, lines] of written)
      if (
        !block.matches('button') &&
        drawn.some((one) => lines.some((line) => cross(line, one.getBoundingClientRect())))
      )
        faults.push(`drawn over: ${name(block)}`);
    return faults;
  }, measure);
}
