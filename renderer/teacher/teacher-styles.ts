import { css } from 'lit';

/** The teacher's pages: dense, grey, targets of 48 px at least; colour still means a person, and only a person. */
export const teacherStyles = css`
  :host { display: block; min-block-size: 100%; line-height: var(--line-height, 1.5); font-size: 16px; }
  .page { display: flex; flex-direction: column; gap: 12px; padding: 16px clamp(16px, 3vw, 40px); box-sizing: border-box; min-block-size: 100vh; }
  header { display: flex; flex-wrap: wrap; gap: 12px 16px; align-items: center; }
  h1 { margin: 0; font-size: clamp(26px, 3.4vw, 40px); line-height: 1.2; font-weight: 700; margin-inline-end: auto; }
  h2 { margin: 0; font-size: 18px; font-weight: 700; }
  p { margin: 0; }
  .order { display: flex; flex-wrap: wrap; gap: 12px; align-items: center; padding: 8px 16px; border: 2px solid var(--ink-soft); border-radius: 12px; }
  .order p { margin-inline-end: auto; }
  button, input, select {
    box-sizing: border-box; min-block-size: 48px; font: inherit; font-size: 18px; color: var(--ink); background: var(--paper);
    border: 2px solid var(--ink-soft); border-radius: 12px; padding: 6px 16px;
  }
  input { accent-color: var(--main); }
  button { cursor: pointer; touch-action: manipulation; }
  button.main { background: var(--main); color: var(--on-main); border-color: var(--main); font-weight: 700; }
  button:hover { background: var(--hover); }
  button.main:hover { background: color-mix(in srgb, var(--main) 86%, var(--paper)); }
  button:disabled { opacity: 0.55; cursor: default; }
  :focus { outline: none; }
  /* The parts of a date field take the focus one by one, and are not :focus-visible themselves. */
  :focus-visible, input:focus, input:focus-within { outline: 3px solid var(--focus); outline-offset: 2px; }
  .tiles { position: relative; display: grid; grid-template-columns: repeat(auto-fill, minmax(84px, 1fr)); gap: 6px; align-content: start; }
  .tile {
    display: grid; grid-template-rows: 32px auto 30px 6px; justify-items: center; align-items: center; gap: 1px; min-inline-size: 0;
    block-size: 104px; padding: 4px 3px 5px; border: 2px solid transparent; border-radius: 12px; background: transparent; line-height: 1.2;
    content-visibility: auto; contain-intrinsic-size: 96px 104px;
  }
  .tile.stuck { border-color: var(--ink); border-style: dashed; }
  .tile svg.figure { inline-size: 32px; block-size: 32px; overflow: visible; }
  /* A hundred that fill up at once would be painted anew in every frame. */
  .tile .level { transition: none; }
  .tile .name { max-inline-size: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .tile .name { font-size: 16px; font-weight: 700; }
  .tile .word { max-block-size: 30px; overflow: clip; overflow-clip-margin: 3px; font-size: 14px; line-height: 15px; color: var(--ink-soft); text-align: center; overflow-wrap: anywhere; }
  input[type='search'] { inline-size: 170px; flex: 0 1 auto; }
  .bar { inline-size: 80%; block-size: 6px; border: 1px solid var(--ink-soft); border-radius: 3px; overflow: hidden; box-sizing: border-box; }
  .bar span { display: block; block-size: 100%; inline-size: 100%; background: var(--ink); transform: scaleX(var(--level)); transform-origin: left; }
  .bar:dir(rtl) span { transform-origin: right; }
  .tile.getting .bar span { visibility: hidden; }
  .moving { position: absolute; inset: 0; inline-size: 100%; block-size: 100%; pointer-events: none; will-change: transform; fill: var(--ink); }
  form, .sheet { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; max-inline-size: 44rem; }
  fieldset { border: 0; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 10px; align-items: center; }
  legend { padding: 0; font-weight: 700; margin-block-end: 6px; }
  label.choice { display: inline-flex; gap: 8px; align-items: center; min-block-size: 48px; padding: 0 12px; border: 2px solid var(--ink-soft); border-radius: 12px; }
  label.choice input { min-block-size: 24px; inline-size: 24px; margin: 0; }
  label.field { display: grid; gap: 6px; font-weight: 700; justify-items: start; }
  label.field { grid-template-columns: minmax(0, 1fr); }
  label.field input { font-weight: 400; inline-size: min(100%, 20rem); min-inline-size: 0; }
  .problem { border-inline-start: 6px solid var(--ink); padding: 6px 14px; overflow-wrap: anywhere; }
  .row { display: flex; flex-wrap: wrap; gap: 12px; }
  .sheet .figure { inline-size: 120px; block-size: 120px; }
  dl { display: grid; gap: 4px; margin: 0; font-size: 18px; }
  dt { font-weight: 700; }
  dd { margin: 0 0 10px; }
  pre { margin: 0; padding: 12px; background: var(--grey); border-radius: 12px; overflow-x: auto; font-size: 15px; white-space: pre-wrap; overflow-wrap: anywhere; }
  .hidden { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  @media print {
    button, input, .order button { display: none; }
    .tile, .tile .name { display: grid; }
    .moving { display: none; }
    .tile.getting .bar span { visibility: visible; }
    .tiles { grid-template-columns: repeat(6, 1fr); }
    .tile { break-inside: avoid; content-visibility: visible; }
  }
  @media (forced-colors: active) {
    .bar span { background: Highlight; forced-color-adjust: none; }
    .moving { fill: Highlight; forced-color-adjust: none; }
    .tile svg { forced-color-adjust: none; }
  }
`;
