/** hold, release, pause, resume: one person stops, several let go. */
import { readKeyFile } from '@bursar/client';
import { formatAccount, fromHex, toHex } from '@bursar/protocol';
import { layout } from '../devnet/layout.ts';
import { hold, pause, release, resume } from '../operations/guard.ts';
import { paymentId, paymentOf } from '../operations/pay.ts';
import { withSession } from '../operations/session.ts';
import { traced } from '../operations/trace.ts';
import { visible } from '../visible.ts';
import { type Confirmable, confirm } from './confirm.ts';
import { json, line, money, plural } from './output.ts';
import type { CommonOptions } from './payment-commands.ts';

export async function holdCommand(text: string, options: CommonOptions): Promise<void> {
  const key = readKeyFile(options.key ?? layout(options.dir).clientKey);
  await traced('hold', () =>
    withSession(options.dir, async (session) => {
      const id = paymentId(session, text);
      await hold(session, key, id);
      const { holdNumber, state } = await paymentOf(session, id);
      if (options.json) json({ disbursement: id, holdNumber, state });
      else line(`Payment ${id} is held. Approvers let it go together: bursar release ${id}`);
    }),
  );
}

type Releasing = Omit<CommonOptions, 'key'> & Confirmable & { readonly key?: readonly string[] };
export async function releaseCommand(text: string, options: Releasing): Promise<void> {
  const keys = (options.key ?? [layout(options.dir).approverKey(1)]).map(readKeyFile);
  await traced('release', () =>
    withSession(options.dir, async (session) => {
      const id = paymentId(session, text);
      const { clientKey, amount, destination, payee } = await paymentOf(session, id);
      const to = payee === '' ? formatAccount(toHex(destination)) : payee;
      await confirm([`payment ${visible(clientKey)}: ${money(amount, session.genesis.currency)} to ${visible(to)}`], options);
      for (const key of keys) await release(session, key, id);
      const { heldBy, releases, state } = await paymentOf(session, id);
      const isHeld = heldBy.length > 0;
      if (options.json) json({ disbursement: id, held: isHeld, releases: releases.length, state });
      else if (isHeld) line(`Payment ${id} is still held: ${plural(releases.length, 'approver')} signed, more are needed.`);
      else line(`Payment ${id} is released and ${state}.`);
    }),
  );
}

export async function pauseCommand(options: CommonOptions): Promise<void> {
  const key = readKeyFile(options.key ?? layout(options.dir).guardianKey(1));
  await traced('pause', () =>
    withSession(options.dir, async (session) => {
      const number = await pause(session, key);
      if (options.json) json({ treasury: session.treasury.name, paused: true, number });
      else
        line(`Treasury ${session.treasury.name} is paused: nothing is paid and no change counts. Guardians resume together: bursar resume`);
    }),
  );
}

export async function resumeCommand(options: Releasing): Promise<void> {
  const keys = (options.key ?? [layout(options.dir).guardianKey(1)]).map(readKeyFile);
  await traced('resume', () =>
    withSession(options.dir, async (session) => {
      for (const key of keys) await resume(session, key);
      const { paused } = await session.connection.read((l) => l.getTreasury({ treasury: fromHex(session.treasury.id) }));
      if (options.json) json({ treasury: session.treasury.name, paused });
      else line(paused ? 'More guardians must sign.' : `Treasury ${session.treasury.name} goes on.`);
    }),
  );
}
