/** Proposing a policy, limits, a payee: each is a change that others approve. */
import { readFileSync } from 'node:fs';
import { readKeyFile } from '@bursar/client';
import { BadPolicy, type Change, MAX_AMOUNT, parseAccount, parseAmount, parsePolicy } from '@bursar/protocol';
import { messageOf, rejection } from '@bursar/shared-core';
import { layout } from '../devnet/layout.ts';
import { usage } from '../errors.ts';
import { changeOf, propose } from '../operations/changes.ts';
import { policyOf, type Session, withSession } from '../operations/session.ts';
import { traced } from '../operations/trace.ts';
import { showChange } from './change-commands.ts';
import { changeJson } from './change-words.ts';
import { json, line } from './output.ts';
import type { CommonOptions } from './payment-commands.ts';
import { windowOf } from './window-text.ts';

export async function proposePolicy(file: string, options: CommonOptions): Promise<void> {
  const policy = readPolicy(file);
  await proposed(options, () => ({ kind: 'policy', policy }));
}

/** @throws FieldInvalid (exit 64) with every problem */
function readPolicy(file: string) {
  try {
    return parsePolicy(readFileSync(file, 'utf8'));
  } catch (e) {
    const remedy = 'Give a JSON file, as under "policy" in what `bursar policy --json` prints.';
    if (!(e instanceof BadPolicy)) throw usage(`cannot read ${file}: ${messageOf(e)}`, remedy);
    const violations = e.problems.map((p) => ({ field: file, description: p }));
    throw rejection('FieldInvalid', `${file} is no policy`, { violations, remedy, exitCode: 64 });
  }
}

export interface LimitOptions {
  readonly perPayment?: string;
  readonly window?: readonly string[];
}
/** What is not given stays as it is. */
export async function proposeLimits(given: LimitOptions, options: CommonOptions): Promise<void> {
  await proposed(options, async (session) => {
    const { policy } = await policyOf(session);
    const perPayment = given.perPayment === undefined ? policy.limits.perPayment : amountOf(given.perPayment, session);
    const typed = given.window?.filter((w) => w !== 'none').map((w) => windowOf(w, session.genesis.currency));
    return { kind: 'policy', policy: { ...policy, limits: { perPayment, windows: typed ?? policy.limits.windows } } };
  });
}
function amountOf(text: string, { genesis: { currency } }: Session): bigint {
  if (text === 'none') return MAX_AMOUNT;
  const amount = parseAmount(text, currency.exponent);
  if (!amount) throw usage(`"${text.slice(0, 40)}" is no amount of ${currency.code}`, 'Write it like 5000.00, or none.');
  return amount;
}

export interface PayeeOptions {
  readonly account: string;
  readonly reference?: string;
}
export async function proposePayee(name: string, given: PayeeOptions, options: CommonOptions): Promise<void> {
  const account = parseAccount(given.account);
  if (!account) throw usage(`"${given.account.slice(0, 100)}" is no account`, 'Give the account of the payee: bur1…');
  await proposed(options, () => ({ kind: 'payee', name, details: { reference: given.reference ?? '', account } }));
}
export async function proposeNoPayee(name: string, options: CommonOptions): Promise<void> {
  await proposed(options, () => ({ kind: 'payee', name, details: undefined }));
}

async function proposed(options: CommonOptions, make: (session: Session) => Change | Promise<Change>): Promise<void> {
  const key = readKeyFile(options.key ?? layout(options.dir).clientKey);
  await traced('propose', () =>
    withSession(options.dir, async (session) => {
      const { id } = await propose(session, key, await make(session));
      const change = await changeOf(session, id);
      if (options.json) return json(changeJson(change));
      await showChange(session, change);
      line(`Nothing changes before it is approved: bursar changes approve ${id}`);
    }),
  );
}
