/** Small CSV files for tests. */
import { writeFileSync } from 'node:fs';
import { keyFromSeed } from '@bursar/client';
import { formatAccount } from '@bursar/protocol';
import { COLUMNS } from '../../src/csv/read-payments.ts';

export const payee = keyFromSeed(Buffer.alloc(32, 77)).publicKey;
const account = formatAccount(payee);

export interface Line {
  readonly key: string;
  readonly amount?: string;
  readonly dependsOn?: string;
  readonly notBefore?: string;
}
export function writeCsv(path: string, lines: readonly Line[]): string {
  const rows = lines.map(({ key, amount = '1.00', dependsOn = '', notBefore = '' }) =>
    [key, 'P', 'D', account, amount, '', '', dependsOn, notBefore].join(','),
  );
  writeFileSync(path, `${[COLUMNS.join(','), ...rows].join('\n')}\n`);
  return path;
}
export const numbered = (prefix: string, count: number): Line[] => Array.from({ length: count }, (_, i) => ({ key: `${prefix}-${i}` }));
