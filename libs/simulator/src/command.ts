import type { Outcome } from './world/scenario.ts';

/** The command that repeats an outcome. */
export function command({ scenario }: Outcome): string {
  const { validators, seed, blocks, intensity, signatures, stakes } = scenario;
  return [
    `npm run sim -- --validators ${validators} --seed ${seed} --blocks ${blocks}`,
    stakes === undefined ? '' : ` --stakes ${stakes.join(',')}`,
    intensity === undefined || intensity === 'all faults' ? '' : ` --intensity '${intensity}'`,
    signatures === 'ed25519' ? ' --real-signatures' : '',
  ].join('');
}
