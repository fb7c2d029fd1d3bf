/** Bugs planted on purpose. The campaign must find each: a simulator that finds nothing proves nothing. */
import { choiceMutants } from './choice-mutants.ts';
import { hostMutants } from './host-mutants.ts';
import type { Mutant } from './mutant.ts';
import { voteMutants } from './vote-mutants.ts';

export const mutants: readonly Mutant[] = [...choiceMutants, ...voteMutants, ...hostMutants];
