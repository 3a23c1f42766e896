/** What is new in the sample's next version, as a publisher writes it: child words, teacher words, small pictures. */
const brush =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120"><path d="M24 96c0-18 12-22 24-22l18-2-4 16c-6 14-26 16-38 8z" fill="#e6007a"/><path d="M62 68 98 22c6-6 14 2 8 8L72 74z" fill="#ffbc00" stroke="#333" stroke-width="4" stroke-linejoin="round"/></svg>';
const music =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120"><path d="M44 86V30l48-10v56" fill="none" stroke="#005fe4" stroke-width="9" stroke-linejoin="round"/><ellipse cx="34" cy="88" rx="14" ry="11" fill="#005fe4"/><ellipse cx="82" cy="78" rx="14" ry="11" fill="#005fe4"/></svg>';
const shield =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120"><path d="M60 14 102 30v28c0 26-18 40-42 50C36 98 18 84 18 58V30z" fill="#00a94f"/><path d="m40 60 15 15 27-30" fill="none" stroke="#fff" stroke-width="10" stroke-linecap="round" stroke-linejoin="round"/></svg>';

export const SAMPLE_NOTES = {
  en: {
    child: 'Paint has new brushes.\nMusic plays again.\nYour laptop is safer.',
    teacher: 'Paint has new brushes; sound works after suspend; 14 security fixes.',
  },
  es: {
    child: 'Hay pinceles nuevos.\nLa música suena otra vez.\nTu portátil es más segura.',
    teacher: 'Pinceles nuevos; el sonido vuelve; 14 arreglos de seguridad.',
  },
  pictures: [brush, music, shield] as const,
};
