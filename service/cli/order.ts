/** `ripple order`: a teacher's signed word for a whole class. */
import { writeFileSync } from 'node:fs';
import { decodeOrder } from '../../dbus/decode.ts';
import { RippleError, reasonOf } from '../api/errors.ts';
import type { Order } from '../image/documents.ts';
import { loadSigner, readPassphrase } from '../publish/keys.ts';
import { EVERY_CLASS, orderTime, signOrder } from '../publish/make-order.ts';
import { type Command, type Invocation, UsageError } from './command.ts';
import { CLIENT_OPTIONS, statusOf, withDaemon } from './daemon-client.ts';

const DAY_MS = 24 * 3600 * 1000;

export const orderCommand: Command = {
  description: `Says which version a class is to be on, and until when. The order is signed with a key of the order role, given to the daemon here, and travels from laptop to laptop; it works without the server. A child can put it off until the deadline, with the time left in sight.

With --canaries N, N laptops go first; the others follow when those are on the version. When --halt-after laptops went back by themselves, the order stops.

--stop takes back the order that stands: laptops that have not restarted yet stay as they are.

With --out the signed order is written to a file and nobody hears of it; give it to a school server with curl --data-binary @FILE URL/images/IMAGE/orders.`,
  positionals: [{ name: 'VERSION', doc: 'the version to be on; left out with --stop', optional: true }],
  options: {
    ...CLIENT_OPTIONS,
    key: { type: 'string', value: 'KEY', required: true, doc: 'a private key of the order role' },
    'passphrase-file': {
      type: 'string',
      value: 'FILE',
      doc: 'its first line unlocks the key; - for the standard input',
    },
    when: { type: 'string', value: 'WHEN', doc: 'now (default), next-boot, or a time' },
    deadline: { type: 'string', value: 'TIME', doc: 'until then a child can say later; a day from now when not given' },
    canaries: { type: 'string', value: 'N', doc: 'so many laptops go first; 0 (default): all together' },
    'halt-after': { type: 'string', value: 'N', doc: 'stop when so many went back by themselves; 2 when not given' },
    class: { type: 'string', multiple: true, value: 'NAME', doc: 'for this class only; again for more' },
    'allow-downgrade': { type: 'boolean', doc: 'also take laptops back from a higher version' },
    stop: { type: 'boolean', doc: 'take back the order that stands' },
    image: { type: 'string', value: 'NAME', doc: 'the image; what the daemon follows when not given' },
    epoch: { type: 'string', value: 'N', doc: 'number of the order; one more than the last when not given' },
    out: { type: 'string', value: 'FILE', doc: 'only write the signed order to FILE' },
  },
  examples: [
    'ripple order 7 --key teacher.key --canaries 2 --deadline 2026-03-06T15:00:00Z',
    'ripple order --stop --key teacher.key',
  ],
  run: async (invocation) => {
    const wanted = readWish(invocation);
    const passphraseFile = invocation.string('passphrase-file');
    const passphrase = passphraseFile === undefined ? undefined : await readPassphrase(passphraseFile);
    const signer = await loadSigner(invocation.required('key'), passphrase);
    const out = invocation.string('out');
    const image = invocation.string('image');
    const epoch = invocation.integer('epoch', 1, 999_999_999);
    if (out !== undefined && image !== undefined && epoch !== undefined && wanted.version > 0) {
      const order = { ...wanted, image, epoch };
      writeOrder(out, await signOrder(order, [signer]));
      return invocation.terminal.result(order, () => `Order ${epoch} is in ${out}.`);
    }
    await withDaemon(invocation, async (client) => {
      const status = statusOf(client);
      const standing = decodeOrder(client.properties.Order);
      const version = wanted.version || (standing?.version ?? 0);
      if (version === 0) throw new RippleError('WrongState', 'there is no order that could be taken back');
      const order = {
        ...wanted,
        version,
        image: image ?? status.image,
        epoch: epoch ?? (standing?.epoch ?? 0) + 1,
      };
      const bytes = await signOrder(order, [signer]);
      if (out !== undefined) writeOrder(out, bytes);
      else await client.publishOrder(bytes);
      invocation.terminal.result(order, () =>
        out !== undefined
          ? `Order ${order.epoch} is in ${out}.`
          : wanted.classes.length === 0
            ? 'The order is taken back.'
            : `Order ${order.epoch}: version ${version} until ${order.deadline}.`,
      );
    });
  },
};

type Wish = Omit<Order, 'image' | 'epoch'>;

/** What the command line asks for; version 0 where the standing order's is meant. */
function readWish(invocation: Invocation): Wish {
  const stop = invocation.flag('stop');
  if (stop && invocation.positionals.length > 0) throw new UsageError('--stop takes no VERSION');
  if (!stop && invocation.positionals.length === 0) throw new UsageError('VERSION is missing');
  const when = invocation.string('when') ?? 'now';
  const deadline = invocation.string('deadline') ?? new Date(Date.now() + DAY_MS).toISOString();
  const classes = invocation.list('class');
  return {
    version: stop ? 0 : invocation.version(0),
    when: when === 'now' || when === 'next-boot' ? when : orderTime('--when', when),
    deadline: orderTime('--deadline', deadline),
    canaries: invocation.integer('canaries', 0, 1_000_000) ?? 0,
    haltAfter: invocation.integer('halt-after', 0, 1_000_000) ?? 2,
    allowDowngrade: invocation.flag('allow-downgrade'),
    classes: stop ? [] : classes.length > 0 ? classes : [EVERY_CLASS],
  };
}

function writeOrder(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    throw new RippleError('IoError', `cannot write ${file}: ${reasonOf(error)}`);
  }
}
