/** Bodies by the thousand. */
import type { DisbursementBody } from '@bursar/protocol';
import { body, did, payee } from './world.ts';

export const many = (count: number, change: (i: number) => Partial<DisbursementBody> = () => ({})): DisbursementBody[] =>
  Array.from({ length: count }, (_, i) => body(`k${i}`, { destination: payee(1 + (i % 1000)), amount: 1n, ...change(i) }));

/** Each needs the one before. */
export const chain = (count: number): DisbursementBody[] => many(count, (i) => (i === 0 ? {} : { dependsOn: [did(`k${i - 1}`)] }));

/** All need the first. */
export const star = (count: number): DisbursementBody[] => many(count, (i) => (i === 0 ? {} : { dependsOn: [did('k0')] }));
