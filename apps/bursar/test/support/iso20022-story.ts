/** Payments, answers and statements in ISO 20022 on a network of real processes, which the caller has started. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildTransaction, type ClientKey, readKeyFile } from '@bursar/client';
import { type Action, formatAccount } from '@bursar/protocol';
import { expect, it } from '@jest/globals';
import type { Devnet } from '../../src/devnet/devnet.ts';
import { directoryOf } from '../../src/operations/directory.ts';
import { importStatus } from '../../src/operations/import-status.ts';
import { type Session, settleOwn } from '../../src/operations/session.ts';
import { fetchStatement } from '../../src/statement/statement.ts';
import { approveTwice, clientKey, quiet, until } from './network.ts';
import { pain001 } from './pain001.ts';
import { type bursar, json, root } from './program.ts';
import { schemaErrors } from './schemas.ts';

export interface Stage {
  readonly net: Devnet;
  readonly session: Session;
  /** The program on the folder of the network. */
  readonly cli: (...args: string[]) => ReturnType<typeof bursar>;
  /** A file of the test's own folder. */
  readonly path: (name: string) => string;
}
const WIDE_MS = 180_000;

/** Tests, one after the other. */
export function iso20022Story(of: () => Stage): void {
  const file = join(root, 'examples', 'invoices.pain.001.xml');
  const texts = (xml: string, name: string) => [...xml.matchAll(new RegExp(`<${name}>([^<]*)<`, 'g'))].map((m) => m[1]);
  const report = async (digest: string) => {
    const { code, stdout } = await of().cli('status', digest, '--format', 'pain.002', '--of', file);
    expect([code, await schemaErrors('pain.002.001.03', stdout)]).toEqual([0, [[]]]);
    return texts(stdout, 'TxSts');
  };
  it(
    'a pain.001 file with wrong fields imports nothing; a right one is imported, answered and paid',
    async () => {
      const broken = of().path('broken.xml');
      writeFileSync(broken, readFileSync(file, 'utf8').replace('>4.90<', '>4.905<').replace('INV-2026-4712', 'NOTPROVIDED'));
      const refused = await of().cli('import', broken);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/code: {2}8004 PAYMENT_FILE_INVALID/) });
      expect(refused.stderr).toMatch(
        /line 22, CdtTrfTxInf\[1\]\/Amt\/InstdAmt: 7006 AMOUNT_INVALID: "4\.905" is no amount of EUR\. Write .+/,
      );
      expect(refused.stderr).toMatch(/line 32, CdtTrfTxInf\[2\]\/PmtId\/EndToEndId: 8012 CLIENT_KEY_MISSING: .+ Give .+/);
      const answer = await of().cli('status', '--format', 'pain.002', '--of', broken);
      expect([answer.code, await schemaErrors('pain.002.001.03', answer.stdout)]).toEqual([0, [[]]]);
      expect([texts(answer.stdout, 'OrgnlMsgId'), texts(answer.stdout, 'GrpSts'), texts(answer.stdout, 'Cd')]).toEqual([
        ['ERP-2026-11-0007'],
        ['RJCT'],
        ['AM12', 'NARR'],
      ]);
      const unknown = await of().cli('status', '--format', 'pain.002', '--of', file);
      expect(unknown).toMatchObject({ code: 1, stderr: expect.stringMatching(/7120 IMPORT_UNKNOWN/) });
      const dry = json(await of().cli('import', file, '--dry-run', '--json')) as { lines: { kind: string; amount: string }[] };
      expect(dry.lines.map((l) => [l.kind, l.amount])).toEqual([
        ['pays', '490'],
        ['pays', '50'],
        ['pays', '750'],
      ]);
      const { import: digest } = json(await of().cli('import', file, '--json')) as { import: string };
      expect(await report(digest)).toEqual(['PDNG', 'PDNG', 'PDNG']);
      await approveTwice(of().net, of().session, digest);
      await until('two are paid', async () => (await importStatus(of().session, digest)).counts['executed'] === 2);
      expect(await report(digest)).toEqual(['ACSC', 'ACSC', 'ACCP']);
      expect(texts((await of().cli('status', '--format', 'pain.002', '--of', file)).stdout, 'TxSts')).toEqual(['ACSC', 'ACSC', 'ACCP']);
      const other = of().path('other.xml');
      writeFileSync(other, readFileSync(file, 'utf8').replace('INV-2026-4712', 'INV-2026-4713'));
      const wrong = await of().cli('status', digest, '--format', 'pain.002', '--of', other);
      expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/no payment INV-2026-4713\n.*8013 IMPORT_FILE_MISMATCH/) });
      expect(await of().cli('status', digest, '--format', 'pain.002')).toMatchObject({
        code: 64,
        stderr: expect.stringMatching(/--of FILE/),
      });
    },
    WIDE_MS,
  );
  it(
    'an IBAN is refused until its payee is entered by approval, then it is paid to the payee’s account',
    async () => {
      const [iban, payed] = ['DE89370400440532013000', readKeyFile(of().net.at.approverKey(3)).publicKey];
      const byIban = of().path('iban.xml');
      writeFileSync(byIban, pain001('09', [{ date: '2026-01-02', transfers: [{ key: 'by-iban', amount: 100n, iban }] }]));
      expect(await of().cli('import', byIban)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/IBAN: 8009 ACCOUNT_UNRESOLVED: .*Enter the payee/),
      });
      const treasury = of().session.treasury.id;
      const change = { kind: 'payee', name: 'Bob', details: { reference: iban, account: payed } } as const;
      const signed = async (key: ClientKey, action: Action) =>
        await settleOwn(of().session, key, (nonce) =>
          buildTransaction({ chain: of().session.chain, signer: key.publicKey, nonce }, action),
        );
      const { id } = await signed(clientKey(of().net), { kind: 'proposeChange', treasury, version: 0, change });
      for (const i of [1, 2]) await signed(readKeyFile(of().net.at.approverKey(i)), { kind: 'approveChange', treasury, change: id });
      await until('the payee counts', async () => (await directoryOf(of().session)).resolve(iban) !== undefined);
      const { import: digest } = json(await of().cli('import', byIban, '--json')) as { import: string };
      await approveTwice(of().net, of().session, digest);
      await quiet(of().session, digest);
      const found = await fetchStatement(of().session.connection, payed, 0, Number.MAX_SAFE_INTEGER);
      expect(found.entries.map((e) => [e.credit, e.amount, e.payment?.clientKey])).toEqual([[true, 100n, 'by-iban']]);
    },
    WIDE_MS,
  );
  it('a statement has all that moved the treasury, before and after every restart, and adds up', async () => {
    const { balance, totalPaid: paid } = await of().session.connection.read((l) => l.getTreasury({ treasury: new Uint8Array() }));
    const statement = json(await of().cli('statement', '--json')) as {
      closing: string;
      opening: string;
      entries: { credit: boolean; amount: string }[];
    };
    const sum = (credit: boolean) => statement.entries.reduce((t, e) => (e.credit === credit ? t + BigInt(e.amount) : t), 0n);
    expect([statement.opening, BigInt(statement.closing), sum(false), sum(true) - sum(false)]).toEqual(['0', balance, paid, balance]);
    const out = of().path('statement.xml');
    expect(await of().cli('statement', '--treasury', 'payroll', '--format', 'camt.053', '--out', out)).toMatchObject({ code: 0 });
    const xml = readFileSync(out, 'utf8');
    expect(await schemaErrors('camt.053.001.08', xml)).toEqual([[]]);
    expect(texts(xml, 'NtryRef')).toEqual(statement.entries.map((_, i) => String(i + 1)));
    expect(texts(xml, 'EndToEndId')).toEqual(expect.arrayContaining(['INV-2026-4711', 'INV-2026-4712']));
    const csv = (await of().cli('statement', '--format', 'csv')).stdout.trimEnd().split('\n');
    expect([csv.length, csv.at(-1)?.split(',')[0]]).toEqual([statement.entries.length + 3, 'closing']);
    const payer = await of().cli('statement', formatAccount(clientKey(of().net).publicKey), '--to', '2020-01-01');
    expect(payer).toMatchObject({ code: 0, stdout: expect.stringMatching(/0 credits of 0\.00 EUR, 0 debits of 0\.00 EUR; they add up/) });
  });
}
