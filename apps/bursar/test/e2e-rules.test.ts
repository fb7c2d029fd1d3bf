/** A treasury's rules through the command line, over real processes: payees, policy, limits, holds. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createKeyFile } from '@bursar/client';
import { formatAccount } from '@bursar/protocol';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Devnet } from '../src/devnet/devnet.ts';
import type { Session } from '../src/operations/session.ts';
import { quiet, sessionOf, startNetwork, until } from './support/network.ts';
import { bursar, json, scratch } from './support/program.ts';

const at = scratch('rules');
let net: Devnet;
let session: Session;
beforeAll(async () => {
  net = await startNetwork(at.path('net'));
  session = sessionOf(net);
  await cli('fund', '1000.00');
}, 240_000);
afterAll(async () => {
  session?.connection.close();
  await net?.stopAll();
  at.remove();
}, 60_000);

async function cli(...args: string[]) {
  const ran = await bursar([...args, '--dir', at.path('net'), '--json']);
  if (ran.code !== 0) throw new Error(`bursar ${args.join(' ')}: ${ran.stderr}`);
  return json(ran) as unknown as { readonly id: string; readonly import: string };
}
const keys = (...names: string[]) => names.flatMap((n) => ['--key', `${at.path('net')}/keys/${n}.json`]);
const both = keys('approver-1', 'approver-2');
/** Proposed, approved by two, and in force. */
async function change(...proposal: string[]): Promise<string> {
  const { id } = await cli(...proposal);
  await cli('changes', 'approve', id, ...both);
  await until(
    `change ${id} counts`,
    async () => ((await cli('changes', 'show', id)) as unknown as { state: string }[])[0]?.state === 'effective',
  );
  return id;
}
const HEAD = 'client_key,payee,department,account,amount,memo,lane,depends_on,not_before';
async function pay(...lines: string[]) {
  const file = at.path(`${lines[0]?.split(',')[0]}.csv`);
  writeFileSync(file, [HEAD, ...lines].join('\n'));
  const { import: digest } = await cli('import', file);
  await cli('approve', digest, ...both);
  return await quiet(session, digest);
}
const account = (name: string): string => formatAccount(createKeyFile(at.path(`${name}.json`)).publicKey);
const heldFor = async (digest: string) =>
  ((await cli('status', digest)) as unknown as { held: { clientKey: string; reason: string }[] }).held;

it('whom it pays, how much and by whose approval are changed by some and stopped by one', async () => {
  const [old, moved] = [account('acme-old'), account('acme-new')];
  const stopped = await cli('payees', 'set', 'Eve', '--account', account('eve'));
  await cli('changes', 'cancel', stopped.id, ...keys('guardian-1'));
  const refused = await bursar(['changes', 'approve', stopped.id, ...both, '--dir', at.path('net')]);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/7134 CHANGE_OVER/)]);

  await change('payees', 'set', 'Acme', '--account', old, '--reference', 'DE75512108001245126199');
  expect(await pay(`r1,Acme,,,10.00,,,,`, `r2,,,DE75512108001245126199,10.00,,,,`, `r3,,,${old},10.00,,,,`)).toMatchObject({
    counts: { executed: 3 },
  });
  writeFileSync(at.path('late.csv'), `${HEAD}\nlate,Acme,,,10.00,,,,\nheld,,,${account('other')},1.00,,,,`);
  const { import: digest } = await cli('import', at.path('late.csv'));
  await cli('hold', 'held', ...keys('guardian-2'));
  await change('payees', 'set', 'Acme', '--account', moved, '--reference', 'DE75512108001245126199');
  await cli('approve', digest, ...both);
  await quiet(session, digest);
  expect((await heldFor(digest)).map((h) => [h.clientKey, h.reason])).toEqual([
    ['late', 'PayeeChanged'],
    ['held', 'Held'],
  ]);
  await cli('release', 'held', ...both);
  expect(await quiet(session, digest)).toMatchObject({ counts: { executed: 1, blocked: 1 } });

  const waiting = await cli('limits', 'propose', '--per-payment', '49.00');
  await cli('changes', 'approve', waiting.id, ...both);
  expect(await cli('pause', ...keys('guardian-2'))).toMatchObject({ paused: true, number: 1 });
  expect(await cli('resume', ...keys('guardian-1'))).toMatchObject({ paused: true });
  expect(await cli('resume', ...keys('guardian-2'))).toMatchObject({ paused: false });
  await cli('changes', 'cancel', waiting.id, ...keys('guardian-1')).catch(() => undefined); // or it counts already
  expect(await cli('executor', 'status')).toMatchObject({ shard: 0, breaker: 'closed', planningStopped: false });
  await cli('executor', 'stop', 'a look at the books');
  expect(await cli('executor')).toMatchObject({ planningStopped: true });
  await cli('executor', 'start', 'all is well');
  expect(await cli('executor', 'redrive')).toMatchObject({ planned: 0 });
  await change('limits', 'propose', '--per-payment', '50.00', '--window', 'treasury:1d:100.00');
  expect(await pay(`big,,,${moved},50.01,,,,`, `fits,,,${moved},50.00,,,,`)).toMatchObject({ counts: { executed: 1, blocked: 1 } });

  expect(await cli('status', digest, '--list')).toMatchObject({ same: true, payments: [{ clientKey: 'late' }, { clientKey: 'held' }] });
  const before = await cli('policy');
  const { policy } = before as unknown as { policy: { approval: { bands: { needs: object }[] } } };
  writeFileSync(
    at.path('policy.json'),
    JSON.stringify({ ...policy, approval: { ...policy.approval, bands: [{ needs: { approver: 3 } }] } }),
  );
  await change('policy', 'propose', at.path('policy.json'));
  writeFileSync(at.path('three.csv'), `${HEAD}\nthree,,,${moved},1.00,,,,`);
  const three = await cli('import', at.path('three.csv'));
  expect(await cli('approve', three.import, ...both)).toMatchObject({ state: 'sealed' });
  await cli('approve', three.import, ...keys('approver-3'));
  expect(await quiet(session, three.import)).toMatchObject({ counts: { executed: 1 } });

  const file = at.path('proof.json');
  expect((await bursar(['proof', 'three', '--out', file, '--dir', at.path('net')])).code).toBe(0);
  const genesis = ['--genesis', net.at.genesis];
  expect((await bursar(['verify', file, ...genesis])).stdout).toMatch(/approved by 3 × approver/);
  const tampered = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...tampered, policy: tampered.policy.replace(/^./, (d: string) => (d === '0' ? '1' : '0')) }));
  expect((await bursar(['verify', file, ...genesis])).code).toBe(1);
}, 180_000);
