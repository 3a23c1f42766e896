import type { Named, Words } from './words.ts';

const list = new Intl.ListFormat('en', { type: 'conjunction' });
const plural = new Intl.PluralRules('en');

function all({ names, others }: Named): string {
  return list.format(others > 0 ? [...names, others === 1 ? 'one more' : `${others} more`] : names);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const nameless = { friend: 'a friend', school: 'your school', teacher: 'your teacher' } as const;

export const en: Words = {
  language: 'en',
  direction: 'ltr',
  lineHeight: 1.5,
  appName: 'Ripple',
  starting: { title: 'Hello!' },
  asleep: { title: 'Ripple is asleep.', line: 'Ask your teacher to help.' },
  idle: { title: 'Your Sugar is the newest.' },
  looking: { title: 'Looking around…' },
  available: { title: 'There is a new Sugar!' },
  later: { title: 'A new Sugar is waiting.', line: 'You said later. That is fine.' },
  older: { title: 'You have your old Sugar.', line: 'Look around to find a new one.' },
  fetching: { title: 'Getting it.' },
  fetchingFrom: (givers) => ({ title: `Getting it from ${all(givers)}.` }),
  friendAway: { title: 'Your friend went away.', line: 'Looking for another.' },
  brokenPiece: { title: 'A piece came broken.', line: 'Getting it again.' },
  checking: { title: 'Checking it is real.' },
  ready: { title: 'Your new Sugar is ready.', line: 'Save your work, then restart.' },
  readyLater: { title: 'Your new Sugar is ready.', line: 'You said later. Restart when you like.' },
  readyToGoBack: { title: 'Your old Sugar is ready.', line: 'Save your work, then restart.' },
  restarting: { title: 'Restarting…', line: 'See you soon!' },
  arrivedNew: { title: 'This is your new Sugar.' },
  arrivedBack: { title: 'We went back to your old Sugar.', line: 'Nothing is lost.' },
  goBack: { title: 'Go back to how it was?', line: 'Your work stays. Save it, then go back.' },
  troubles: {
    noOneNearby: { title: 'No one nearby has it.', line: 'Try near your school.' },
    noRoom: { title: 'There is no room.', line: 'Ask your teacher to help.' },
    plugIn: { title: 'Plug in your laptop first.' },
    brokenPiece: { title: 'A piece came broken.', line: 'Your laptop is just as before.' },
    notReal: { title: 'This one is not real.', line: 'We threw it away.' },
    notAllowed: { title: 'You may not do this.', line: 'Ask your teacher to help.' },
    busy: { title: 'Ripple is busy.', line: 'Wait a little, then try again.' },
    didNotWork: { title: 'That did not work.', line: 'Your laptop is just as before.' },
  },
  buttons: {
    look: 'Look around',
    get: 'Get it',
    later: 'Later',
    stop: 'Stop for now',
    restart: 'Restart now',
    like: 'I like it',
    goBack: 'Go back to how it was',
    confirmGoBack: 'Go back',
    stay: 'Stay here',
    again: 'Try again',
    fine: 'All right',
    read: 'Read it to me',
  },
  more: (count) => `and ${count} more`,
  haveIt: (friends) =>
    capital(`${all(friends)} ${plural.select(friends.names.length + friends.others) === 'one' ? 'has' : 'have'} it.`),
  steps: {
    started: 'It has started.',
    quarter: 'A quarter is here.',
    half: 'Half is here.',
    nearly: 'Nearly ready.',
  },
  ring: 'Friends near you',
  progress: 'How much is here',
  friend: ({ kind, name, state }) => {
    const who = name === '' ? capital(nameless[kind]) : name;
    if (state === 'has') return `${who} has it.`;
    return state === 'getting' ? `${who} is getting it.` : `${who} is away.`;
  },
  nameless,
};
