/** Files that go bad are found by reading them again, slowly, in idle time, across restarts; and mended. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mock, type TestContext, test } from 'node:test';
import { parseConfig } from '../../../service/daemon/config.ts';
import { startLaptop } from '../../../service/daemon/laptop.ts';
import { Memory } from '../../../service/daemon/memory.ts';
import { Scrubber, type ScrubberOptions } from '../../../service/daemon/scrubber.ts';
import { verifyDeployment } from '../../../service/deploy/verify.ts';
import { setTimes } from '../../../service/sys/libc.ts';
import { realClock, serve, silentLogger } from '../../helpers/blobs.ts';
import { publishTrees, TestLaptop } from '../../helpers/published.ts';
import { makeSeededTrees, SMALL_SIZE } from '../../helpers/seeded-trees.ts';
import { repairVersion, smallImage, TestSysroot, xo } from '../../helpers/sysroot.ts';
import { tempFolder } from '../../helpers/temp.ts';
import { until } from '../../helpers/until.ts';

/** Other bytes, same size and times. */
function rot(path: string): void {
  const { mtimeNs, size } = statSync(path, { bigint: true });
  writeFileSync(path, Buffer.alloc(Number(size), 0x21));
  setTimes(Buffer.from(path), mtimeNs);
}

class Bench {
  readonly sysroot: TestSysroot;
  readonly mended: string[] = [];
  local = [6, 7];
  wallMs = 1e12;
  /** So many questions are answered with yes. */
  freeFor = Number.POSITIVE_INFINITY;
  #now = 0;

  constructor(sysroot: TestSysroot) {
    this.sysroot = sysroot;
  }
  static async make(t: TestContext): Promise<Bench> {
    const sysroot = new TestSysroot(tempFolder(t));
    await sysroot.deploy(6);
    await sysroot.deploy(7);
    return new Bench(sysroot);
  }
  file(version: number, path: string): string {
    return join(this.sysroot.layout.deployment(xo(version)), path);
  }
  get memory(): Memory {
    return Memory.open(this.sysroot.layout.stateFile);
  }
  /** As after a start of the daemon: only what is on the disk is known. */
  scrubber(change: Partial<ScrubberOptions> = {}): Scrubber {
    return new Scrubber({
      layout: this.sysroot.layout,
      switcher: {
        facts: () => ({ booted: 7, current: 7, previous: 6, staged: 0, local: this.local }),
        deployment: xo,
      },
      memory: this.memory,
      rateBytesPerSecond: 1e9,
      days: 30,
      isFree: () => this.freeFor-- > 0,
      mend: async (version, damaged) => {
        this.mended.push(...damaged.map(({ path, reason }) => `${version} ${path} ${reason}`));
        await repairVersion(
          this.sysroot,
          version,
          [6, 7].filter((one) => one !== version),
        );
        return true;
      },
      // Each look at the clock is a second later: every entry is asked about.
      clock: { monotonicMs: () => (this.#now += 1000), wallMs: () => this.wallMs },
      logger: silentLogger,
      ...change,
    });
  }
}

test('what went bad in any version is mended, also in the one to go back to', async (t) => {
  const bench = await Bench.make(t);
  rot(bench.file(6, 'etc/same'));
  rot(bench.file(7, 'usr/lib/big'));
  await bench.scrubber().look();
  assert.deepEqual(bench.mended, ['6 ./etc/same content', '7 ./usr/lib/big content']);
  for (const version of [6, 7]) {
    const { damaged } = await verifyDeployment(
      bench.sysroot.layout.deployment(xo(version)),
      smallImage(version).entries,
    );
    assert.deepEqual(damaged, []);
  }
  assert.equal(bench.memory.state.scrubbedAt, 1e9);
});

test('while anything else is to be done, nothing is read', async (t) => {
  const bench = await Bench.make(t);
  rot(bench.file(6, 'etc/same'));
  bench.freeFor = 0;
  await bench.scrubber().look();
  assert.deepEqual([bench.mended, bench.memory.state.scrub], [[], null]);
  bench.freeFor = Number.POSITIVE_INFINITY;
  const never = bench.scrubber({ rateBytesPerSecond: 0 });
  never.start();
  await never.stop();
  assert.deepEqual(bench.mended, []);
});

test('interrupted, it goes on where it was, in another process too', async (t) => {
  const bench = await Bench.make(t);
  bench.freeFor = 7;
  await bench.scrubber().look();
  const at = bench.memory.state.scrub;
  assert.equal(at?.version, 6);
  assert.notEqual(at.path, '.');
  // Behind it and before it; other names of a file that was read already are known.
  rot(bench.file(6, 'bin/busy'));
  rot(bench.file(6, 'usr/lib/big'));
  bench.freeFor = Number.POSITIVE_INFINITY;
  const mend: ScrubberOptions['mend'] = async (version, damaged) => {
    bench.mended.push(...damaged.map(({ path, reason }) => `${version} ${path} ${reason}`));
    return true;
  };
  await bench.scrubber({ mend }).look();
  assert.deepEqual(bench.mended, ['6 ./usr/lib/big content']);
  assert.equal(bench.memory.state.scrub, null);
});

test('from the second name of a file on, it still knows that they are one', async (t) => {
  const bench = await Bench.make(t);
  bench.memory.update({ scrub: { version: 6, path: './bin/cat' } });
  await bench.scrubber().look();
  assert.deepEqual(bench.mended, []);
});

test('a round begins so many days after the last, and a clock that was set back does not put it off', async (t) => {
  const bench = await Bench.make(t);
  await bench.scrubber().look();
  rot(bench.file(6, 'etc/same'));
  bench.wallMs += 29 * 24 * 3600 * 1000;
  await bench.scrubber().look();
  assert.deepEqual(bench.mended, []);
  bench.wallMs = 0;
  await bench.scrubber().look();
  assert.deepEqual(bench.mended, ['6 ./etc/same content']);
});

test('what cannot be mended now does not hold up the rest, what something came between is found again', async (t) => {
  const bench = await Bench.make(t);
  for (const version of [6, 7]) rot(bench.file(version, 'etc/same'));
  const seen: number[] = [];
  const failing = async (version: number): Promise<boolean> => {
    seen.push(version);
    throw new Error('nobody has it');
  };
  await bench.scrubber({ mend: failing }).look();
  assert.deepEqual(seen, [6, 7]);
  bench.memory.update({ scrubbedAt: 0 });
  await bench.scrubber({ mend: async () => false }).look();
  assert.deepEqual(bench.memory.state.scrub, { version: 6, path: './etc/same' });
  // Meanwhile the version went.
  bench.local = [7];
  await bench.scrubber().look();
  assert.deepEqual(bench.mended, ['7 ./etc/same content']);
});

test('a daemon does it by itself, and gets what is damaged from whoever has it', async (t) => {
  const folder = tempFolder(t, 'scrub');
  const trees = makeSeededTrees(folder, 3, SMALL_SIZE);
  const published = await publishTrees(folder, [[6, trees.older]]);
  const server = await serve(t, published.repository);
  const laptop = await TestLaptop.make(t, { folder: join(folder, 'laptop'), published });
  const victim = join(laptop.tree(6), 'usr/lib/large-1.so');
  const before = readFileSync(victim);
  rot(victim);
  const settings = {
    image: 'xo',
    sysroot: laptop.virtual.sysroot,
    keyring: published.keyring,
    origins: [server.url],
    'bus.address': 'none',
    'share.listen': [],
    'check.minutes': 0,
    'boot.marker': join(folder, 'booted'),
    'power.supplies': join(folder, 'no-battery'),
    'scrub.load': 1_000_000,
  };
  const text = Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  const daemon = await startLaptop(parseConfig(text.join('\n'), 'test'), silentLogger, realClock);
  t.after(() => daemon.stop());
  mock.timers.tick(60_000);
  await until(() => readFileSync(victim).equals(before));
  await daemon.stop();
  laptop.assertTree(published, 6);
});
