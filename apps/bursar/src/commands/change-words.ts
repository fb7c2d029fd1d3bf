/** Changes and policies in words. */
import { formatAccount, type Genesis, MAX_AMOUNT, policyJson, type TreasuryPolicy, toHex } from '@bursar/protocol';
import type { ledger } from '@bursar/protocol/rpc';
import type { OpenChange } from '../operations/changes.ts';
import { visible } from '../visible.ts';
import { duration, money } from './output.ts';

type Currency = Genesis['currency'];

/** One line for each rule; keys are accounts. */
export function policyLines(p: TreasuryPolicy, currency: Currency): string[] {
  const { approval, limits, delays } = p;
  const keys = (name: string, of: readonly string[]) => of.map((k) => `${name.padEnd(10)} ${formatAccount(k)}`);
  return [
    ...keys('proposer', p.proposers),
    ...approval.roles.flatMap((r) => keys(roleName(r.name), r.keys)),
    ...approval.bands.map(({ upTo, needs }) => `approval   ${amounts(upTo, currency)}: ${rolesOf(p, needs)}`),
    ...limitLines(limits, currency),
    ...keys('guardian', p.guardians),
    `resume     ${p.guardianThreshold} of ${p.guardians.length} guardians`,
    ...keys('executor', p.executors),
    `delay      ${duration(delays.policyMs)} for a change of the policy, ${duration(delays.payeeMs)} for one of a payee`,
  ];
}
const OUR_WORDS: readonly string[] = ['proposer', 'approval', 'limit', 'guardian', 'resume', 'executor', 'delay'];
/** In quotes when it is more than a word or one of ours: a role must not read as a rule, such as `finance and 1 × board`. */
const roleName = (name: string): string =>
  /^[\p{L}\p{N}._-]+$/u.test(name) && !OUR_WORDS.includes(name) ? name : `"${visible(name).replaceAll('"', '\\"')}"`;
const amounts = (upTo: bigint, currency: Currency): string => (upTo === MAX_AMOUNT ? 'any amount' : `up to ${money(upTo, currency)}`);
const rolesOf = ({ approval }: TreasuryPolicy, needs: readonly number[]): string =>
  needs.flatMap((n, i) => (n > 0 ? [`${n} × ${roleName(approval.roles[i]?.name ?? '')}`] : [])).join(' and ');

export function limitLines({ perPayment, windows }: TreasuryPolicy['limits'], currency: Currency): string[] {
  const one = perPayment === MAX_AMOUNT ? [] : [`limit      ${money(perPayment, currency)} for one payment`];
  const over = windows.map(({ lengthMs, most, scope }) => {
    const each = scope === 'payee' ? ' for each payee' : '';
    return `limit      ${money(most, currency)} in ${duration(lengthMs)}${each}`;
  });
  return [...one, ...over];
}

/** What a change would do, compared with what is in force. */
export function changeLines({ change }: OpenChange, now: TreasuryPolicy, currency: Currency): string[] {
  if (change.kind === 'payee') {
    const { name, details } = change;
    if (!details) return [`strikes off payee ${visible(name)}`];
    const reference = details.reference === '' ? '' : `, reference ${visible(details.reference)}`;
    return [`payee ${visible(name)}: account ${formatAccount(details.account)}${reference}`];
  }
  const [before, after] = [policyLines(now, currency), policyLines(change.policy, currency)];
  const gone = before.filter((l) => !after.includes(l)).map((l) => `- ${l}`);
  const come = after.filter((l) => !before.includes(l)).map((l) => `+ ${l}`);
  return gone.length + come.length === 0 ? ['the same policy again'] : [...gone, ...come];
}

/**
 * What an approver sees besides, before he signs: a policy as a whole, for what is in force now is one validator's word and that word
 * may hide a difference; what a payee is now, undefined when there is none.
 */
export function wholeLines(
  { change }: OpenChange,
  payee: Pick<ledger.Payee, 'account' | 'reference'> | undefined,
  currency: Currency,
): string[] {
  if (change.kind === 'policy') return ['all of it then:', ...policyLines(change.policy, currency).map((text) => `  ${text}`)];
  if (!payee) return ['no payee has that name now'];
  const reference = payee.reference === '' ? '' : `, reference ${visible(payee.reference)}`;
  return [`instead of account ${formatAccount(toHex(payee.account))}${reference}`];
}

/** For programs. */
export const changeJson = ({ change, ...rest }: OpenChange) => ({
  ...rest,
  proposer: formatAccount(rest.proposer),
  approvals: rest.approvals.map(formatAccount),
  time: new Date(rest.time).toISOString(),
  change:
    change.kind === 'policy'
      ? { kind: 'policy', policy: policyJson(change.policy) }
      : { ...change, details: change.details ? { ...change.details, account: formatAccount(change.details.account) } : null },
});
