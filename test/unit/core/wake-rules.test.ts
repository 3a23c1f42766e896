import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  lookDelayMs,
  repeatDelayMs,
  shouldRepeat,
  spendCheck,
  spendPacket,
  versionsToWake,
  wakeBudget,
  wakeGroup,
} from '../../../service/core/wake-rules.ts';

test('a group follows from image and version alone, lies where it must, and differs from version to version', () => {
  const groups = Array.from({ length: 300 }, (_, version) => wakeGroup('xo', version + 1));
  for (const { ipv4, ipv6 } of groups) {
    const [, third = '', fourth = ''] = /^239\.255\.(\d+)\.(\d+)$/.exec(ipv4) ?? [];
    assert.ok(Number(third) <= 254 && Number(fourth) <= 255, ipv4);
    assert.match(ipv6, /^ff02::[89a-f][0-9a-f]{3}:[0-9a-f]{1,4}$/);
  }
  assert.ok(new Set(groups.map(({ ipv4 }) => ipv4)).size > 290);
  assert.equal(new Set(groups.map(({ ipv6 }) => ipv6)).size, 300);
  // Two machines of different builds must meet there.
  assert.deepEqual(wakeGroup('xo', 6), { ipv4: '239.255.3.213', ipv6: 'ff02::b07b:14c' });
  assert.notDeepEqual(wakeGroup('xo-arm', 6), wakeGroup('xo', 6));
});

test('those are woken who lack the version: the most frequent first, a few groups at most, nobody who holds it', () => {
  const run = (version: number, held = 0) => ({ version, held });
  assert.deepEqual(versionsToWake(9, 8, [run(7), run(8), run(7), run(9), run(10), run(6, 9), run(0)]), [7, 8]);
  assert.deepEqual(
    versionsToWake(
      9,
      8,
      [1, 2, 3, 4, 5, 6].map((one) => run(one)),
    ),
    [6, 5, 4, 3],
  );
  assert.deepEqual(versionsToWake(9, 8, []), [8], 'nobody was heard yet');
  assert.deepEqual(versionsToWake(9, 0, []), []);
  assert.deepEqual(versionsToWake(9, 8, [run(9)]), [], 'everybody has it');
});

test('a class of thirty that hears each other repeats a packet twice, and one that hears nobody all the same', () => {
  // Delays in order; each hears those before it and the first packet.
  const repeats = Array.from({ length: 30 }, () => 0).reduce((sent) => (shouldRepeat(1 + sent) ? sent + 1 : sent), 0);
  assert.equal(repeats, 2);
  assert.equal(shouldRepeat(0), true);
  assert.ok(repeatDelayMs(0) < repeatDelayMs(0.999) && repeatDelayMs(0) > 0 && repeatDelayMs(0.999) < 2500);
});

test('a critical release is looked at once, a normal one within minutes', () => {
  assert.ok(lookDelayMs('critical', 0.999) < 2000);
  assert.ok(lookDelayMs('normal', 0.999) > 60_000 && lookDelayMs('normal', 0.999) <= 600_000);
});

test('signature checks: four at once, then one in five seconds, whatever comes', () => {
  let budget = wakeBudget(0);
  let checks = 0;
  for (let ms = 0; ms < 60_000; ms += 10) {
    const spent = spendCheck(budget, ms);
    budget = spent.budget;
    if (spent.ok) checks += 1;
  }
  assert.equal(checks, 4 + 11);
});

test('a flood is turned away from, longer each time, and forgotten after a quiet time', () => {
  let budget = wakeBudget(0);
  const deaf: number[] = [];
  let looked = 0;
  const flood = (fromMs: number, forMs: number): number => {
    let ms = fromMs;
    while (ms < fromMs + forMs) {
      const spent = spendPacket(budget, ms);
      budget = spent.budget;
      if (spent.ok) looked += 1;
      else deaf.push(budget.deafUntilMs - ms);
      // A thousand a second; while deaf none is heard.
      ms = spent.ok ? ms + 1 : budget.deafUntilMs;
    }
    return ms;
  };
  const endMs = flood(0, 3600_000);
  assert.deepEqual(deaf.slice(0, 7), [10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000]);
  assert.ok(looked < 250, `${looked} of 3,600,000 packets were looked at`);
  // A packet now and then is heard, and the next flood is the first one again.
  for (let ms = endMs; ms < endMs + 60_000; ms += 1000) {
    const spent = spendPacket(budget, ms);
    budget = spent.budget;
    assert.ok(spent.ok);
  }
  deaf.length = 0;
  flood(endMs + 120_000, 1000);
  assert.equal(deaf[0], 10_000);
});
