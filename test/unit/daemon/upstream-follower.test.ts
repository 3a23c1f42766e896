import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import type { Source } from '../../../service/core/ports.ts';
import { UpstreamFollower } from '../../../service/daemon/upstream-follower.ts';
import { FolderSource } from '../../../service/fetch/folder-source.ts';
import { silentLogger } from '../../helpers/blobs.ts';
import { tempFolder } from '../../helpers/temp.ts';

/** Follows with these answers, upstream by upstream, until there are no more; then tells in which order it asked. */
async function asked(
  t: { after: (end: () => void) => void },
  answers: readonly ('new' | 'same' | 'half' | 'fails')[],
  upstreams = 2,
): Promise<{ readonly asked: string[]; readonly news: number }> {
  const sources: Source[] = Array.from({ length: upstreams }, () => new FolderSource(tempFolder(t)));
  const order: string[] = [];
  let news = 0;
  let isWhole = true;
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const follower = new UpstreamFollower({
    upstreams: sources,
    minutes: 0,
    backoff: { firstMs: 2, mostMs: 8 },
    logger: silentLogger,
    onNews: () => {
      news += 1;
    },
    mirroring: {
      isWhole: () => isWhole,
      follow: async (upstream) => {
        const answer = answers[order.length];
        order.push(`${sources.indexOf(upstream)}`);
        if (order.length >= answers.length) end();
        isWhole = answer === 'new' || answer === 'same';
        if (answer === 'fails' || answer === 'half') throw new RippleError('NoSource', 'it is down');
        return answer === 'new';
      },
    },
  });
  follower.start();
  await ended;
  // If it asked once more, it would do so within this time.
  await new Promise((resolve) => setTimeout(resolve, 60));
  await follower.stop();
  return { asked: order, news };
}

test('every upstream is asked, and with no minutes only once', async (t) => {
  assert.deepEqual(await asked(t, ['new', 'same']), { asked: ['0', '1'], news: 1 });
});

test('the second helps where the first does not', async (t) => {
  assert.deepEqual(await asked(t, ['fails', 'new']), { asked: ['0', '1'], news: 1 });
});

test('it asks again until what was told is whole', async (t) => {
  const { asked: order } = await asked(t, ['fails', 'fails', 'same', 'half', 'same', 'new']);
  assert.deepEqual(order, ['0', '1', '0', '1', '0', '1']);
});
