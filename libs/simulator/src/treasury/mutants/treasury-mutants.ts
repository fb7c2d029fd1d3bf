import { batchMutants } from './batch-mutants.ts';
import { executorMutants } from './executor-mutants.ts';
import { paymentMutants } from './payment-mutants.ts';
import type { TreasuryMutant } from './treasury-mutant.ts';

export const treasuryMutants: readonly TreasuryMutant[] = [...executorMutants, ...batchMutants, ...paymentMutants];
