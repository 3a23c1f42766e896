/** Reads a screen to a child, where the system has a voice for the language. */
export class ReadAloud {
  readonly #language: string;

  /** `changed` is called when voices came or went: systems find theirs only after a while. */
  constructor(language: string, changed: () => void) {
    this.#language = language;
    if (typeof speechSynthesis !== 'undefined') speechSynthesis.addEventListener('voiceschanged', changed);
  }

  get #voice(): SpeechSynthesisVoice | undefined {
    if (typeof speechSynthesis === 'undefined') return undefined;
    const base = this.#language.split('-')[0] ?? '';
    return speechSynthesis.getVoices().find((voice) => voice.lang.toLowerCase().startsWith(base));
  }

  get possible(): boolean {
    return this.#voice !== undefined;
  }

  /** Says `text` now; whatever was being said stops. */
  say(text: string): void {
    const voice = this.#voice;
    if (!voice) return;
    speechSynthesis.cancel();
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.voice = voice;
    utterance.lang = voice.lang;
    speechSynthesis.speak(utterance);
  }
}
