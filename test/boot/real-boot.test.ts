/**
 * A real Debian with Ripple's package starts in QEMU, is updated by a school server on this machine, broken, and cut off
 * from power. One laptop goes through the story, others through the cuts, all at the same time. RIPPLE_LONG=1: ten times
 * the cuts. RIPPLE_SEED: the seed of a run before.
 */
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { seeded } from '../helpers/random.ts';
import { tempFolder } from '../helpers/temp.ts';
import { debianParts, realBootMissing } from './vm/debian-image.ts';
import { BootLaptop } from './vm/laptop.ts';
import { drawCuts, sufferCuts } from './vm/power-cuts.ts';
import { rescuedByStick, STORY } from './vm/story.ts';
import { foundWorld } from './vm/world.ts';

const LONG = process.env.RIPPLE_LONG === '1';
/** Each loses its power ten times; every second one starts by dracut. */
const LAPTOPS_CUT = LONG ? 20 : 2;
/** More than there are processors: machines wait, too. */
const MACHINES = 3;
/** Serial logs go here when something fails. */
const LOGS = join(PROJECT_ROOT, 'artifacts', 'boot');

if (realBootMissing) console.error(`NOT TESTED: a real laptop that starts (${realBootMissing})`);

test('a laptop that always starts', { skip: realBootMissing, concurrency: MACHINES }, async (t) => {
  const seed = Number(process.env.RIPPLE_SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`seed ${seed}: RIPPLE_SEED=${seed} draws the same moments again`);
  const folder = tempFolder(t, 'boot');
  const say = (line: string): void => t.diagnostic(line);
  const world = await foundWorld(folder, await debianParts(folder, say), say);
  const { school, dracut } = world;
  t.after(() => school.server.stop());

  /** Keeps the log where a person finds it, but only of what failed. */
  const withLog = async (name: string, work: (log: string) => Promise<void>): Promise<void> => {
    const log = join(folder, `${name}.log`);
    try {
      await work(log);
    } catch (error) {
      mkdirSync(LOGS, { recursive: true });
      const kept = join(LOGS, `${name}.log`);
      rmSync(kept, { force: true });
      if (existsSync(log)) cpSync(log, kept);
      throw new Error(`${error instanceof Error ? error.message : error}; serial log: ${kept}`, { cause: error });
    }
  };

  const story = t.test('one laptop from 6 to 9 and through a rescue', (t) =>
    withLog('story', async (log) => {
      const laptop = await BootLaptop.make(school, 'laptop', 6, log);
      t.after(() => laptop.off());
      for (const chapter of STORY) {
        const began = Date.now();
        laptop.note(chapter.title);
        await chapter.run(laptop, world);
        t.diagnostic(`${Math.round((Date.now() - began) / 1000)} s: ${chapter.title}`);
      }
    }),
  );

  const cutting = drawCuts(LAPTOPS_CUT, seeded(seed)).map((cuts, index) => {
    const [name, initramfses, by] = index % 2 === 0 ? ['cut', [], ''] : ['cut-dracut', dracut, ' by dracut'];
    const title = `${cuts.length} power cuts in fetching, staging, choosing and restarting${by}`;
    return t.test(title, (t) => {
      t.diagnostic(cuts.map(({ phase, at }) => `${phase} ${at}`).join(', '));
      return withLog(`${name}-${index}`, (log) => sufferCuts(school, `${name}-${index}`, cuts, log, initramfses));
    });
  });
  const rescued = t.test('its only version destroyed: the rescue takes one from a stick, by dracut', (t) =>
    withLog('stick', async (log) => {
      const laptop = await BootLaptop.make(school, 'stick-laptop', 6, log, dracut.slice(0, 1));
      t.after(() => laptop.off());
      await rescuedByStick(laptop, await world.stick);
    }),
  );
  await Promise.all([story, ...cutting, rescued]);
});
