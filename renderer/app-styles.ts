import { css } from 'lit';

/** One layout for every screen: the picture beside the words, or above them where the window is taller than wide. */
export const appStyles = css`
  :host { display: block; block-size: 100%; line-height: var(--line-height, 1.5); }
  main {
    box-sizing: border-box; min-block-size: 100%; display: grid; align-items: center; justify-content: center;
    gap: clamp(20px, calc(8vw - 44px), 64px); padding: 20px clamp(16px, calc(8vw - 48px), 64px);
    --stage: min(100vh - 56px, 42vw, 560px);
    grid-template-columns: var(--stage) minmax(0, 30rem);
  }
  main.ringed { --stage: min(100vh - 40px, 54vw, 720px); }
  @media (orientation: landscape) and (max-height: 560px) {
    main { padding-block: 12px; }
    .words { gap: 8px; }
    .buttons { margin-block-start: 4px; }
    /* Picture over word, as on Sugar's own buttons: two of them have to stand side by side beside a ring. */
    main.ringed { --stage: min(100vh - 24px, max(53vw, 424px)); }
    main.ringed .buttons button { flex-direction: column; gap: 2px; padding: 4px 12px; text-align: center; }
    main.ringed .buttons .icon { inline-size: 34px; block-size: 34px; }
  }
  /* One below the other: where the window is tall, or everything in it is large. */
  @media (orientation: portrait), (max-width: 699px) {
    main, main.ringed {
      --stage: min(100vw - 60px, 50vh, 640px);
      grid-template-columns: minmax(0, 36rem); justify-items: center; align-content: center;
      text-align: center;
    }
    .buttons, .notes, .title { justify-content: center; justify-items: center; }
  }
  .stage { inline-size: var(--stage); block-size: var(--stage); display: grid; place-items: center; }
  .drawing { display: block; overflow: visible; inline-size: 84%; block-size: 84%; }
  ripple-ring > .drawing { inline-size: 100%; block-size: 100%; }
  /* The friends stand in rows there, see ring.ts. */
  @media (max-width: 785px) and (orientation: landscape), (max-height: 463px), (max-width: 483px), (max-height: 785px) and (orientation: portrait) {
    main.ringed .stage { inline-size: 100%; block-size: auto; }
    ripple-ring > .drawing { inline-size: var(--stage); block-size: var(--stage); }
  }
  .words { display: grid; gap: 12px; min-inline-size: 0; }
  .title { display: flex; gap: 15px; align-items: center; justify-content: space-between; }
  h1 { margin: 0; font-size: clamp(28px, 3.6vw, 44px); line-height: 1.25; font-weight: 700; text-wrap: balance; overflow-wrap: anywhere; }
  p, li { margin: 0; font-size: clamp(20px, 2vw, 26px); line-height: var(--line-height, 1.5); overflow-wrap: anywhere; }
  /* A small window, or all at twice the size: first what it is and what to press, the rest below. */
  @media (max-height: 520px) and (max-width: 699px) {
    main, main.ringed { --stage: min(100vw - 60px, 36vh); }
    main.ringed:has(.main) .words { order: -1; }
    .words { inline-size: 100%; }
    .words > :is(.notes, .aside, .due) { order: 1; }
  }
  @media (max-height: 320px) and (orientation: landscape) {
    main:not(.ringed) { --stage: min(27vw, 50vh); grid-template-columns: var(--stage) minmax(0, 1fr); column-gap: 16px; align-items: start; text-align: start; }
    main:not(.ringed) .title { justify-content: space-between; }
    h1 { font-size: 24px; }
  }
  .notes { list-style: none; margin: 0; padding: 0; display: grid; gap: 6px; }
  .notes li { display: flex; gap: 12px; align-items: center; text-align: start; }
  .notes svg { flex: none; inline-size: 30px; block-size: 30px; }
  .notes img { flex: none; inline-size: clamp(44px, 10vh, 84px); block-size: clamp(44px, 10vh, 84px); }
  @media (orientation: portrait) and (min-width: 484px) {
    .notes { grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); gap: 15px; }
    .notes li { flex-direction: column; text-align: center; gap: 4px; }
  }
  .aside { color: var(--ink-soft); font-size: 20px; }
  .told { min-block-size: 1lh; }
  .due { display: flex; gap: 16px; align-items: center; }
  .due svg { flex: none; inline-size: clamp(64px, 13vh, 110px); block-size: clamp(64px, 13vh, 110px); overflow: visible; }
  .buttons { display: flex; flex-wrap: wrap; gap: 15px; margin-block-start: 12px; }
  .buttons button {
    display: inline-flex; align-items: center; justify-content: center; gap: 10px; box-sizing: border-box;
    min-block-size: 75px; min-inline-size: 75px; padding: 10px clamp(18px, 2.2vw, 28px); border-radius: 38px; border: 2px solid var(--ink-soft);
    background: var(--paper); color: var(--ink); font: inherit; font-size: 24px; line-height: 1.2; cursor: pointer;
    text-align: start; flex: 0 1 auto; touch-action: manipulation; -webkit-user-select: none; user-select: none;
  }
  .buttons button.main { flex: 1 0 50%; min-block-size: 84px; background: var(--main); color: var(--on-main); border-color: var(--main); font-weight: 700; }
  .buttons.choices button { flex: 1 1 100px; max-inline-size: 190px; flex-direction: column; text-align: center; min-inline-size: min-content; padding: 14px 10px; border-radius: 26px; }
  .buttons.choices .main { flex: 1.4 1 150px; max-inline-size: 240px; }
  @media (orientation: landscape) and (min-height: 700px) { .buttons button.main { min-block-size: 104px; } }
  .choices .icon { inline-size: 56px; block-size: 56px; }
  .main .icon { inline-size: 40px; block-size: 40px; }
  .choices .main .icon { inline-size: 76px; block-size: 76px; }
  button.read {
    flex: none; inline-size: 75px; block-size: 75px; padding: 10px; border: 2px solid transparent; border-radius: 50%;
    background: var(--paper); color: var(--ink); cursor: pointer; touch-action: manipulation;
  }
  button.read .icon { inline-size: 44px; block-size: 44px; }
  button.read:hover { background: var(--hover); }
  button.read:active { transform: scale(0.94); background: var(--grey); }
  .buttons button:hover { background: var(--hover); }
  .buttons button.main:hover { background: color-mix(in srgb, var(--main) 86%, var(--paper)); }
  .buttons button:active, .buttons button.pressed { transform: scale(0.96); background: var(--grey); }
  .buttons button.main:active, .buttons button.main.pressed { background: var(--ink-soft); color: var(--paper); }
  button:focus { outline: none; }
  button:focus-visible { outline: 3px solid var(--focus); outline-offset: 3px; }
  .icon { flex: none; inline-size: 32px; block-size: 32px; }
  .hidden { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .wave { stroke-width: 1.2; transform-origin: 50px 50px; }
  .wave-1 { transform: scale(0.62); }
  .wave-2 { transform: scale(0.8); opacity: 0.7; }
  .wave-3 { opacity: 0.4; }
  @media (prefers-reduced-motion: no-preference) {
    .wave { animation: ripple 3.6s linear infinite; }
    .wave-2 { animation-delay: -1.2s; }
    .wave-3 { animation-delay: -2.4s; }
    .turning { animation: turn 4s linear infinite; transform-origin: 50px 50px; }
    .searching { animation: search 4s ease-in-out infinite; }
    .sleep path { animation: breathe 4s ease-in-out infinite; }
    .sleep path:nth-child(2) { animation-delay: 0.6s; }
    .sleep path:nth-child(3) { animation-delay: 1.2s; }
    @keyframes ripple { from { transform: scale(0.46); opacity: 0; } 15% { opacity: 1; } to { transform: scale(1); opacity: 0; } }
    @keyframes turn { to { transform: rotate(360deg); } }
    @keyframes search {
      0%, 100% { transform: translate(-9px, -7px); } 30% { transform: translate(10px, -4px); }
      55% { transform: translate(8px, 14px); } 80% { transform: translate(-11px, 12px); }
    }
    @keyframes breathe { 50% { opacity: 0.25; } }
  }
  @media (forced-colors: active) {
    .buttons button, button.read { background: ButtonFace; color: ButtonText; border-color: ButtonText; }
    .buttons button.main { border: 5px solid ButtonText; }
  }
`;
