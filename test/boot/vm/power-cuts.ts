/** The plug is pulled while a laptop goes from 6 to 7, again and again; it must always start, and end on 7. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { manifestOf } from '../../helpers/published.ts';
import type { Random } from '../../helpers/random.ts';
import { BootLaptop } from './laptop.ts';
import { assertReadOnly } from './running-tree.ts';
import type { School } from './school.ts';

type Phase = 'fetch' | 'stage' | 'choose' | 'reboot' | 'boot';
/** One laptop's cuts. A cut in a start costs little time, for nothing has to come up; the last three may be starts on trial. */
const PHASES: readonly Phase[] = ['fetch', 'boot', 'stage', 'fetch', 'boot', 'stage', 'choose', 'boot', 'boot', 'boot'];
/** Every second laptop restarts as the child does, and loses power in that, instead of after choosing for the next start. */
const RESTARTING = PHASES.map((phase) => (phase === 'choose' ? 'reboot' : phase));
/** Each phase lasts about this long on a machine that has nothing else to do. */
const LASTS_MS: Readonly<Record<Phase, number>> = {
  fetch: 8_000,
  stage: 4_000,
  choose: 1_500,
  reboot: 15_000,
  boot: 20_000,
};
/** From power-on to the agent, on such a machine. */
const USUAL_START_MS = 18_000;

export interface Cut {
  readonly phase: Phase;
  /** 0 … 1 of how long the phase lasts. */
  readonly at: number;
}

/** Moments for so many laptops, ten each. */
export function drawCuts(laptops: number, random: Random): Cut[][] {
  return Array.from({ length: laptops }, (_, index) =>
    (index % 2 === 0 ? PHASES : RESTARTING).map((phase) => ({ phase, at: random.integer(1000) / 1000 })),
  );
}

/**
 * Puts one laptop through all of `cuts`, each from where the one before left it, and checks where it ends. `initramfses`:
 * what its starts take in turn instead of the versions' own.
 */
export async function sufferCuts(
  school: School,
  name: string,
  cuts: readonly Cut[],
  log: string,
  initramfses: readonly string[] = [],
): Promise<void> {
  let laptop = await BootLaptop.make(school, name, 6, log, initramfses);
  try {
    let number = 0;
    let slow = 1;
    for (const cut of cuts) {
      laptop.note(`${name}, cut ${++number}: ${cut.phase} at ${cut.at}`);
      if (cut.phase === 'boot') {
        await laptop.start();
        await wait(cut, slow);
        await laptop.off();
        continue;
      }
      slow = await start(laptop);
      if ((await laptop.version()) === 7) {
        // It has arrived: the next laptop takes the remaining cuts.
        await arrive(laptop, school);
        rmSync(laptop.folder, { recursive: true });
        laptop = await BootLaptop.make(school, name, 6, log, initramfses);
        await start(laptop);
      }
      await suffer(laptop, cut, slow);
    }
    await start(laptop);
    await arrive(laptop, school);
  } finally {
    await laptop.off();
  }
}

/** Answers how many times slower than usual this machine is just now. */
async function start(laptop: BootLaptop): Promise<number> {
  const began = Date.now();
  // Every start comes up: nothing here is broken.
  await laptop.untilUp(1);
  return Math.max(1, (Date.now() - began) / USUAL_START_MS);
}

function wait({ phase, at }: Cut, slow: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, at * LASTS_MS[phase] * slow));
}

async function suffer(laptop: BootLaptop, cut: Cut, slow: number): Promise<void> {
  const { machine } = laptop;
  const { phase } = cut;
  const state = await laptop.property('State');
  if (phase === 'fetch' || phase === 'stage') {
    // A fetch that was cut short goes on by itself; one that is over stays over.
    if (!['fetching', 'staging', 'ready'].includes(state)) await laptop.call('Fetch', 'ua{sv} 7 0');
    if (phase === 'stage') await laptop.untilOneOf('State', ['staging', 'ready']);
    await wait(cut, slow);
    await machine.kill();
    return;
  }
  await fetched(laptop);
  if (phase === 'choose') {
    const choosing = laptop.call('Accept', 'ua{sv} 7 1 when s next-boot').catch(() => undefined);
    await wait(cut, slow);
    await machine.kill();
    await choosing;
    return;
  }
  await laptop.call('Accept', 'ua{sv} 7 1 when s now');
  // The wait may end before the restart, in it, or well into the next start.
  const late = wait(cut, slow);
  await Promise.race([late, machine.ends(3_600_000)]);
  if (machine.ended) await laptop.start();
  await late;
  await laptop.off();
}

async function fetched(laptop: BootLaptop): Promise<void> {
  const state = await laptop.property('State');
  if (state === 'ready') return;
  if (!['fetching', 'staging'].includes(state)) await laptop.call('Fetch', 'ua{sv} 7 0');
  await laptop.untilOneOf('State', ['ready']);
}

/** From wherever it is to a blessed 7, and every byte of both versions looked at. */
async function arrive(laptop: BootLaptop, school: School): Promise<void> {
  if ((await laptop.version()) === 6) {
    await fetched(laptop);
    await laptop.restartInto(7);
    await laptop.untilUp(1);
  }
  assert.equal(await laptop.version(), 7);
  await laptop.untilBlessed();
  await assertReadOnly(laptop.machine, 7);
  await laptop.machine.ok('sync');
  await laptop.off();
  const checked = spawnSync('e2fsck', ['-p', laptop.disk], { encoding: 'utf8' });
  assert.ok((checked.status ?? 9) <= 1, checked.stdout);
  laptop.mounted((root) => {
    for (const version of [6, 7]) {
      const manifest = manifestOf(school.published, version);
      const judged = spawnSync('mtree', ['-f', manifest, '-p', join(root, `rootfs/xo.${version}`)], {
        encoding: 'utf8',
      });
      assert.equal(judged.stdout, '', `version ${version} is what was published`);
    }
    const left = execFileSync('ls', [join(root, 'rootfs')], { encoding: 'utf8' });
    assert.doesNotMatch(left, /partial|deleting|\.new/, 'nothing half done is left');
  });
}
