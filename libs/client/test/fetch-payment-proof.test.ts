import { ledger } from '@bursar/protocol/rpc';
import { createRpcServer, type Handlers, rejection } from '@bursar/shared-core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Connection, connect } from '../src/connection.ts';
import { fetchPaymentProof } from '../src/fetch-payment-proof.ts';
import { facts, genesis, proofOf } from './support/proven-payment.ts';

const open: { stop(deadlineMs?: number): Promise<void> }[] = [];
const connections: Connection[] = [];
afterEach(async () => {
  for (const c of connections.splice(0)) c.close();
  await Promise.all(open.splice(0).map((s) => s.stop(100)));
});

const proof = proofOf(facts());
type Answer = ReturnType<typeof honest>;
const honest = () => {
  const { body, inImport, policy, approvals, receipt, header, certificate } = proof;
  return {
    body,
    inImport: { leaf: new Uint8Array(), ...inImport, path: [...inImport.path] },
    policy,
    approvals: [...approvals].reverse(),
    receipt: { ...receipt, path: [...receipt.path] },
    certified: { header, certificate },
  };
};
async function network(...answers: (() => unknown)[]): Promise<Connection> {
  const addresses = await Promise.all(
    answers.map(async (answer) => {
      const server = createRpcServer();
      const getPaymentProof = async () => answer() as Answer;
      server.add(ledger.Ledger, { getPaymentProof } as unknown as Handlers<(typeof ledger.Ledger)['method']>, 'public');
      const address = `127.0.0.1:${await server.listen('127.0.0.1', 0)}`;
      open.push(server);
      return { consensus: address, storage: address };
    }),
  );
  const connection = connect(addresses);
  connections.push(connection);
  return connection;
}
const fetched = async (...answers: (() => unknown)[]) => fetchPaymentProof(await network(...answers), genesis, proof.disbursement, 150);

describe('fetchPaymentProof', () => {
  it('puts the answer of a validator into a proof', async () => {
    expect(await fetched(honest)).toEqual(proof);
  });
  const lies: [string, () => unknown][] = [
    ['half a proof', () => ({ ...honest(), certified: undefined })],
    ['bytes that are none', () => ({ ...honest(), body: new Uint8Array(9) })],
    ['approvals of strangers', () => ({ ...honest(), approvals: honest().approvals.slice(1) })],
    ['another payment', () => ({ ...honest(), body: proofOf({ ...facts(), index: 1 }).body })],
    [
      'not final',
      () => {
        throw rejection('NotFinal');
      },
    ],
  ];
  it.each(lies)('passes a validator over that answers with %s', async (_, lie) => {
    expect(await fetched(lie, honest)).toEqual(proof);
  });
  it.each(lies.slice(0, 4))('says that it does not hold when there is nothing but %s', async (_, lie) => {
    await expect(fetched(lie)).rejects.toMatchObject({ reason: 'PROOF_INVALID' });
  });
});
