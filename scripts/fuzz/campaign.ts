/** Runs targets one after the other, and makes of each broken rule a report that repeats it. */
import { episodeOf, inputAt } from './input.ts';
import type { Broken, Counts } from './job.ts';
import { type MinimiseOptions, minimise } from './minimise.ts';
import type { Runner } from './runner.ts';
import type { Target } from './target.ts';

export interface Failure extends Broken {
  readonly seed: number;
  readonly input: Uint8Array;
  /** As small as it got; undefined when it breaks the rule only after the inputs before it. */
  readonly minimised: Uint8Array | undefined;
}
export interface Row extends Counts {
  readonly target: string;
  readonly inputs: number;
  readonly seconds: number;
  readonly failure: Failure | undefined;
}
export interface CampaignOptions {
  readonly runner: Runner;
  readonly seed: number;
  readonly now: () => number;
  readonly onProgress?: (target: string, done: number) => void;
  /** What a failing input's minimisation may cost. */
  readonly minimise?: Omit<MinimiseOptions, 'now'>;
}

const JOB_INPUTS = 32_768;
const SAMPLE_EVERY = 256;
const MINIMISE = { tries: 1_500, ms: 20_000 };

/** Inputs for each target: in proportion to its share, and at least `inputs` together. */
export function divide(targets: readonly Target[], inputs: number): number[] {
  const shares = targets.reduce((sum, t) => sum + t.share, 0);
  return targets.map((t) => Math.ceil((inputs * t.share) / shares));
}

export async function fuzzTarget(target: Target, inputs: number, options: CampaignOptions): Promise<Row> {
  const { runner, seed, now, onProgress = () => {} } = options;
  const began = now();
  let sum: Counts = { accepted: 0, refused: 0, growth: 0, slowestMs: 0 };
  const row = (failure?: Failure): Row => ({
    target: target.name,
    inputs: sum.accepted + sum.refused,
    seconds: (now() - began) / 1_000,
    ...sum,
    failure,
  });
  const perJob = JOB_INPUTS - (JOB_INPUTS % (target.episode ?? 1));
  for (let from = 0; from < inputs; from += perJob) {
    const to = Math.min(inputs, from + perJob);
    const job = { target: target.name, inputs: { seed, from, to }, sampleEvery: SAMPLE_EVERY };
    const { counts, broken } = await runner.run(job, (index) => onProgress(target.name, index));
    sum = add(sum, counts);
    if (broken) return row(await describe(target, broken, options));
  }
  return row();
}

const add = (a: Counts, b: Counts): Counts => ({
  accepted: a.accepted + b.accepted,
  refused: a.refused + b.refused,
  growth: Math.max(a.growth, b.growth),
  slowestMs: Math.max(a.slowestMs, b.slowestMs),
});

async function describe(
  target: Target,
  found: Broken,
  { runner, seed, now, minimise: cost = MINIMISE }: CampaignOptions,
): Promise<Failure> {
  // A look at the memory and at rejections tells of all inputs since the one before: look at each.
  const from = episodeOf(target, Math.max(0, found.index - SAMPLE_EVERY));
  const again = { target: target.name, inputs: { seed, from, to: found.index + 1 }, sampleEvery: 1 };
  const broken = found.breach === 'memory' || found.breach === 'died' ? ((await runner.run(again)).broken ?? found) : found;
  const input = inputAt(target, seed, broken.index);
  const alone = async (candidate: Uint8Array): Promise<Broken | undefined> => {
    const { broken: other } = await runner.run({ target: target.name, inputs: [candidate], sampleEvery: 1 });
    return other && kindOf(other) === kindOf(broken) ? other : undefined;
  };
  const repeated = await alone(input);
  const minimised = repeated && (await minimise(input, async (c) => (await alone(c)) !== undefined, { ...cost, now }));
  return { ...broken, what: repeated?.what ?? broken.what, seed, input, minimised };
}

/** Numbers in a message differ between inputs that break the same rule. */
const kindOf = ({ breach, what }: Broken): string =>
  breach === 'threw' ? `threw ${what.split('\n', 1)[0]?.replace(/\d+/g, 'N')}` : breach;
