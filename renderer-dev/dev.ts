/** The page itself, in any language, loaded anew at every change. */
import { chosenLanguage, followBuilds } from './reload.ts';

const language = chosenLanguage();
if (language !== '') Object.defineProperty(navigator, 'languages', { value: [language] });
void followBuilds();
// The page asks for the person's languages when it is loaded.
await import('../renderer/app.ts');
