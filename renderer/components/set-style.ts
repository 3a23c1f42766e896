import { nothing } from 'lit';
import { Directive, directive, type ElementPart, type PartInfo, PartType } from 'lit/directive.js';

/**
 * Sets properties of an element's style one by one. Lit's own `styleMap` writes the attribute first, which the page's
 * Content Security Policy forbids.
 */
class SetStyle extends Directive {
  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error('setStyle stands in the tag itself');
  }

  override render(_values: Readonly<Record<string, string>>): unknown {
    return nothing;
  }

  override update(part: ElementPart, [values]: [Readonly<Record<string, string>>]): unknown {
    const { element } = part;
    if (element instanceof HTMLElement || element instanceof SVGElement)
      for (const [name, value] of Object.entries(values)) element.style.setProperty(name, value);
    return nothing;
  }
}
export const setStyle = directive(SetStyle);
