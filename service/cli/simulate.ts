/** `ripple simulate`: how a version would spread in a class, a school or a country. */
import { writeFileSync } from 'node:fs';
import { POLICIES, POLICY_TITLES, type Policy, type Run } from '../simulate/figures.ts';
import { simulationPlot } from '../simulate/plot.ts';
import { KERNEL, LAPTOP, links, scaledTo } from '../simulate/presets.ts';
import { DAYS, SAMPLES, type Simulation, simulate } from '../simulate/simulation.ts';
import { simulationTable } from '../simulate/table.ts';
import { type Command, type Invocation, UsageError } from './command.ts';

const CLASS_LAPTOPS = 30;
const SCHOOL_LAPTOPS = 2000;
const COUNTRY_LAPTOPS = 1_000_000;
const SERVER_MBIT = 10;
const AIR_MBIT = 40;
const MOST_MEGABYTES = 10_000;

const sizes = SAMPLES.map(
  ({ laptops, percent, schools }) => `${schools} of ${laptops} laptops (for ${percent} of hundred schools)`,
).join(', ');

export const simulateCommand: Command = {
  description: `Says how long a class, a school or a country would take to get a version, and what that costs the school server, its uplink and the air, in virtual time. Nothing is sent. When a laptop looks, which way it goes, whom it asks for what, and who repeats a wake-up packet is decided by the same code as in the daemon; links, air, walking and sleeping are a model.

Compared are four policies: ${POLICIES.map((policy) => `${policy} (${POLICY_TITLES[policy]})`).join(', ')}.

A class is one room with a channel of its own, everybody awake and on mains; with --wired all are on cables. In a school rooms of thirty share three channels, one room of five does not reach the server, there is a playground where laptops hear each other thirty metres far, and homes with four children near each other; laptops are closed, carried about and left at home, for ${DAYS} days of school. Their batteries are charged at home, or in class where there is no electricity at home; below the floor (20%) nothing is fetched, and an empty one closes the laptop. Quiet hours and metered connections are left out.

A country is reckoned from a sample of schools: ${sizes}. They stand for all schools of their size, moved by up to a quarter of an hour for when their servers looked. That is sound for sums and curves, because schools have nothing in common but the publisher, who gives to each once; it says little of how one school differs from another of its size.

The update is a new kernel as it was measured (BENCHMARKS.md), or another size of the same kind. What a laptop needs to look, unpack and write, the rates of the air, batteries and how children behave are guesses: compare the policies, do not trust the minutes. How near the model comes to a measured class stands in BENCHMARKS.md.

A class of thirty is reckoned in seconds, a school or a thousand laptops in a minute or two for each policy. Ctrl-C stops it.`,
  positionals: [],
  options: {
    laptops: { type: 'string', value: 'N', doc: `so many; a class of ${CLASS_LAPTOPS} unless given` },
    school: { type: 'boolean', doc: `a school, of ${SCHOOL_LAPTOPS} laptops unless --laptops says otherwise` },
    country: { type: 'boolean', doc: `a country, of ${COUNTRY_LAPTOPS} laptops unless --laptops says otherwise` },
    policy: { type: 'string', value: 'POLICY', multiple: true, doc: 'only this one; may be given several times' },
    megabytes: { type: 'string', value: 'N', doc: 'content that changed; 103 unless given' },
    'server-mbit': {
      type: 'string',
      value: 'N',
      doc: `link of the school server, Mbit/s; ${SERVER_MBIT} unless given`,
    },
    'air-mbit': { type: 'string', value: 'N', doc: `a wireless channel, Mbit/s; ${AIR_MBIT} unless given` },
    wired: { type: 'boolean', doc: 'a class on cables' },
    critical: { type: 'boolean', doc: 'a critical release, which wakes at once' },
    seed: { type: 'string', value: 'N', doc: 'the same number, the same result; 1 unless given' },
    out: { type: 'string', value: 'FILE.svg', doc: 'write a plot' },
    json: { type: 'boolean', doc: 'print the result as JSON' },
  },
  examples: [
    'ripple simulate',
    'ripple simulate --school --out school.svg',
    'ripple simulate --laptops 100 --policy neighbours --json',
    'ripple simulate --country --laptops 100000',
  ],
  run: async (invocation) => {
    const { terminal } = invocation;
    const simulation = simulationOf(invocation);
    const out = invocation.string('out');
    if (out !== undefined && !out.endsWith('.svg')) throw new UsageError(`--out must end in .svg, not "${out}"`);
    const runs = await simulate({
      ...simulation,
      signal: invocation.signal,
      onProgress: (share, what) => terminal.bar('Simulating', share, 1, what),
    });
    const title = `${simulation.laptops} laptops (${simulation.scene}), ${(simulation.update.changedBytes / 1e6).toFixed(0)} MB changed`;
    if (out !== undefined) writeFileSync(out, simulationPlot(title, runs));
    terminal.result({ ...simulation, runs }, () =>
      [title, simulationTable(runs), ...notes(simulation, runs)].join('\n'),
    );
  },
};

const MOST_LAPTOPS = { class: 1000, school: 10_000, country: 1_000_000_000 } as const;
const USUAL_LAPTOPS = { class: CLASS_LAPTOPS, school: SCHOOL_LAPTOPS, country: COUNTRY_LAPTOPS } as const;

function simulationOf(invocation: Invocation): Simulation {
  if (invocation.flag('school') && invocation.flag('country'))
    throw new UsageError('only one of --school and --country');
  const scene = invocation.flag('country') ? 'country' : invocation.flag('school') ? 'school' : 'class';
  const laptops = invocation.integer('laptops', 1, MOST_LAPTOPS[scene]);
  if (invocation.flag('wired') && scene !== 'class') throw new UsageError('--wired is for a class');
  const megabytes = invocation.integer('megabytes', 1, MOST_MEGABYTES);
  const policies = invocation.list('policy').map(policyOf);
  return {
    scene,
    laptops: laptops ?? USUAL_LAPTOPS[scene],
    policies: policies.length > 0 ? [...new Set(policies)] : POLICIES,
    update: megabytes === undefined ? KERNEL : scaledTo(KERNEL, megabytes * 1e6),
    links: links(
      invocation.integer('server-mbit', 1, 100_000) ?? SERVER_MBIT,
      invocation.integer('air-mbit', 1, 100_000) ?? AIR_MBIT,
    ),
    machine: LAPTOP,
    severity: invocation.flag('critical') ? 'critical' : 'normal',
    isWired: invocation.flag('wired'),
    seed: invocation.integer('seed', 0, 2 ** 32 - 1) ?? 1,
  };
}

function policyOf(text: string): Policy {
  const policy = POLICIES.find((one) => one === text);
  if (!policy) throw new UsageError(`--policy must be ${POLICIES.join(', ')}, not "${text}"`);
  return policy;
}

function notes({ scene }: Simulation, runs: readonly Run[]): readonly string[] {
  const guess = 'Links, laptops and children are guesses: compare the policies, not the minutes.';
  if (scene === 'class') return [guess];
  const waited = runs
    .map(({ waitedForPower, policy }) => `${Math.round(waitedForPower)} (${POLICY_TITLES[policy]})`)
    .join(', ');
  const power = `Laptops that had to wait because of their battery: ${waited}.`;
  if (scene === 'school') return [power, guess];
  return [power, `Reckoned from simulated schools, ${sizes}; they stand for all of their size.`, guess];
}
