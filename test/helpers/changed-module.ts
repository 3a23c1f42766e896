/**
 * A program run with one function of one module changed: `node --import build/test/helpers/changed-module.js …`, with
 * RIPPLE_CHANGED = JSON [end of the module's path, text in the compiled module, text instead]. A text that is not there is an error.
 * Node loads this file twice: to register it, and, on a thread of its own, for its `load`.
 */
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

type Load = (
  url: string,
  context: unknown,
  next: (url: string, context: unknown) => Promise<{ readonly source?: string | ArrayBuffer | Uint8Array | null }>,
) => Promise<unknown>;

if (isMainThread) register(import.meta.url);

export const load: Load = async (url, context, next) => {
  const loaded = await next(url, context);
  const [path, from, to]: readonly string[] = JSON.parse(process.env.RIPPLE_CHANGED ?? '[]');
  if (path === undefined || from === undefined || to === undefined || !url.endsWith(path)) return loaded;
  const text = Buffer.from(loaded.source instanceof Uint8Array ? loaded.source : `${loaded.source}`).toString();
  if (!text.includes(from)) throw new Error(`${path} has no ${from}`);
  return { ...loaded, source: text.replace(from, to) };
};
