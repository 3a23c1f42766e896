import { css } from 'lit';

/** How drawn persons look in every theme; part of every shadow root that draws one. */
export const figureStyles = css`
  .keyline { display: none; }
  .keyline.faint-light { display: var(--on-light); }
  .keyline.faint-dark { display: var(--on-dark); }
  .level { transition: clip-path 0.6s linear; }
  @media (prefers-reduced-motion: reduce) {
    .level { transition: none; }
  }
  /* The outline is the system's, for contrast; the inside stays the person's own. */
  @media (forced-colors: active) {
    path.person-stroke { stroke: CanvasText; }
    circle.person-stroke { fill: CanvasText; }
    .keyline { display: none !important; }
  }
`;
