import type { Screen } from '../state/screen.ts';
import { arrivedBack, arrivedNew, goBack } from './arrival.ts';
import { asleep, idle, later, laterWhen, looking, older, starting } from './at-rest.ts';
import { trouble } from './trouble.ts';
import { available, checking, fetching, ready, restarting } from './under-way.ts';
import type { Context, View } from './view.ts';

/** Every screen there is. A new kind of screen does not compile until it is here. */
export function viewOf(screen: Screen, context: Context): View {
  switch (screen.kind) {
    case 'starting':
      return starting(context);
    case 'asleep':
      return asleep(context);
    case 'idle':
      return idle(screen, context);
    case 'looking':
      return looking(context);
    case 'available':
      return available(screen, context);
    case 'later':
      return later(screen, context);
    case 'laterWhen':
      return laterWhen(screen, context);
    case 'older':
      return older(context);
    case 'fetching':
      return fetching(screen, context);
    case 'checking':
      return checking(screen, context);
    case 'ready':
      return ready(screen, context);
    case 'restarting':
      return restarting(context);
    case 'arrivedNew':
      return arrivedNew(screen, context);
    case 'arrivedBack':
      return arrivedBack(context);
    case 'goBack':
      return goBack(screen, context);
    case 'trouble':
      return trouble(screen, context);
  }
}
