/** policy, limits, changes: a treasury's rules, and what is on the way to change them. */
import { readKeyFile } from '@bursar/client';
import { formatAccount, policyJson } from '@bursar/protocol';
import { layout } from '../devnet/layout.ts';
import { approveChange, cancelChange, changeOf, type OpenChange, openChanges, payeeOf } from '../operations/changes.ts';
import { hexId, policyOf, type Session, withSession } from '../operations/session.ts';
import { traced } from '../operations/trace.ts';
import { changeJson, changeLines, limitLines, policyLines, wholeLines } from './change-words.ts';
import { type Confirmable, confirm } from './confirm.ts';
import { needed } from './needed.ts';
import { json, line, plural } from './output.ts';
import type { CommonOptions } from './payment-commands.ts';

export async function policyCommand(options: CommonOptions): Promise<void> {
  await withSession(options.dir, async (session) => {
    const { version, policy } = await policyOf(session);
    const open = await openChanges(session);
    const { name } = session.treasury;
    if (options.json) return json({ treasury: name, version, policy: policyJson(policy), openChanges: open.map(changeJson) });
    line(`treasury ${name}, policy ${version}`);
    for (const text of policyLines(policy, session.genesis.currency)) line(`  ${text}`);
    if (open.length > 0) line(`${plural(open.length, 'change')} on the way: bursar changes`);
  });
}

export async function limitsCommand(options: CommonOptions): Promise<void> {
  await withSession(options.dir, async (session) => {
    const { policy } = await policyOf(session);
    if (options.json) return json(policyJson(policy).limits);
    const lines = limitLines(policy.limits, session.genesis.currency);
    for (const text of lines.length > 0 ? lines : ['no limits']) line(text);
  });
}

export async function changesCommand(id: string | undefined, options: CommonOptions): Promise<void> {
  await withSession(options.dir, async (session) => {
    const found = id === undefined ? await openChanges(session) : [await changeOf(session, hexId(id, 'id of a change'))];
    if (options.json) return json(found.map(changeJson));
    if (found.length === 0) line('No change is on the way.');
    for (const change of found) await showChange(session, change);
  });
}

const WHEN: Readonly<Record<string, string>> = { proposed: 'expires', approved: 'counts from', effective: 'counts since' };
export async function showChange(session: Session, change: OpenChange): Promise<void> {
  const { currency } = session.genesis;
  line(`change ${change.id}`);
  line(`  ${change.state}, ${WHEN[change.state] ?? 'ended'} ${new Date(change.time).toISOString()}; by ${formatAccount(change.proposer)}`);
  for (const text of changeLines(change, (await policyOf(session)).policy, currency)) line(`  ${text}`);
  for (const text of needed(change.needs, currency)) line(`  ${text}`);
}

type Approving = Omit<CommonOptions, 'key'> & Confirmable & { readonly key?: readonly string[] };
export async function approveChangeCommand(text: string, options: Approving): Promise<void> {
  const id = hexId(text, 'id of a change');
  const keys = (options.key ?? [layout(options.dir).approverKey(1)]).map(readKeyFile);
  await traced('approve change', () =>
    withSession(options.dir, async (session) => {
      const { policy } = await policyOf(session);
      const { currency } = session.genesis;
      const found = await changeOf(session, id);
      const payee = found.change.kind === 'payee' ? await payeeOf(session, { name: found.change.name }) : undefined;
      const whole = wholeLines(found, payee?.active ? payee : undefined, currency);
      await confirm([`change ${id}`, ...changeLines(found, policy, currency), ...whole], options);
      for (const key of keys) await approveChange(session, key, id);
      const after = await changeOf(session, id);
      if (options.json) json(changeJson(after));
      else await showChange(session, after);
    }),
  );
}

export async function cancelChangeCommand(text: string, options: CommonOptions): Promise<void> {
  const id = hexId(text, 'id of a change');
  const key = readKeyFile(options.key ?? layout(options.dir).clientKey);
  await traced('cancel change', () =>
    withSession(options.dir, async (session) => {
      await cancelChange(session, key, id);
      if (options.json) json(changeJson(await changeOf(session, id)));
      else line(`Change ${id} is cancelled.`);
    }),
  );
}
