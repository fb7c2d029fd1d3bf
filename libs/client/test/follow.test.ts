import { encode, fromHex, rejections, result, type TransactionResult, transactionId } from '@bursar/protocol';
import { transactions } from '@bursar/protocol/rpc';
import { createRpcServer, type Handlers, rejection } from '@bursar/shared-core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { connect, type ValidatorClient } from '../src/connection.ts';
import { type FollowStep, openFollow } from '../src/follow.ts';
import { buildTransfer, signTransaction } from '../src/sign-transaction.ts';
import { chain, payee, proposer } from './support/proven-payment.ts';

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const transfer = (nonce: bigint) => signTransaction(proposer, buildTransfer({ chain, signer: proposer.publicKey, nonce }, payee, 1n));
const resultOf = (transaction: string, code: number): TransactionResult => ({
  kind: 'transaction',
  transaction,
  code,
  consumed: true,
  height: 5,
  index: 0,
  items: [],
});
type Answer = Partial<transactions.FollowResponse> | Error;

/** A validator that answers each request as the test says; an error ends the stream. */
async function validator(answers: (number: bigint, id: string) => Iterable<Answer>) {
  const server = createRpcServer();
  const follow = async function* (requests: AsyncIterable<transactions.FollowRequest>) {
    let number = 0n;
    for await (const { body } of requests)
      for (const answer of answers(number++, transactionId(body))) {
        if (answer instanceof Error) throw answer;
        yield answer;
      }
  };
  server.add(transactions.Transactions, { follow } as unknown as Handlers<(typeof transactions.Transactions)['method']>, 'public');
  const address = `127.0.0.1:${await server.listen('127.0.0.1', 0)}`;
  const connection = connect([{ consensus: address, storage: address }]);
  closing.push(
    () => server.stop(100),
    () => connection.close(),
  );
  return connection.validators[0] as ValidatorClient;
}
const step = (number: bigint, kind: FollowStep, id: string, code = 0): Answer => {
  const transactionId = fromHex(id);
  if (kind === 'taken') return { number, transactionId, step: { case: kind, value: {} } } as Answer;
  return { number, transactionId, step: { case: kind, value: { transactionId, canonical: encode(result, resultOf(id, code)) } } } as Answer;
};
const whole = (number: bigint, id: string, code = 0): Answer[] =>
  (['taken', 'final', 'provable'] as const).map((kind) => step(number, kind, id, code));

describe('openFollow', () => {
  it('tells the steps of each and resolves with its result, in whatever order they come', async () => {
    const held: Answer[] = [];
    const stream = openFollow(
      await validator((number, id) => {
        if (number === 0n) held.push(...whole(number, id).slice(1));
        return number === 0n ? [step(number, 'taken', id)] : [...whole(number, id), ...held];
      }),
    );
    const [a, b] = [transfer(0n), transfer(1n)];
    const heard: string[] = [];
    const sent = [a, b].map((tx) => stream.send(tx, (s) => heard.push(`${tx === a ? 'a' : 'b'} ${s}`)));
    expect((await Promise.all(sent)).map((r) => r.transaction)).toEqual([a.id, b.id]);
    expect(heard).toEqual(['a taken', 'b taken', 'b final', 'b provable', 'a final', 'a provable']);
    await stream.close();
  });

  const { QueueFull, InsufficientFunds } = rejections;
  it.each([
    [
      'a refusal, with code and remedy',
      (number: bigint): Answer[] => [
        {
          number,
          step: { case: 'refused', value: { code: QueueFull.code, name: 'QueueFull', reason: 'full', correctiveAction: 'Wait.' } },
        } as Answer,
      ],
      { code: QueueFull.code, reason: 'QUEUE_FULL', message: 'full', remedy: 'Wait.' },
    ],
    [
      'a failure in the ledger',
      (number: bigint, id: string) => whole(number, id, InsufficientFunds.code),
      { code: InsufficientFunds.code, reason: 'INSUFFICIENT_FUNDS' },
    ],
    [
      'a result of another transaction',
      (number: bigint) => [step(number, 'provable', 'ab'.repeat(32))].map((a) => ({ ...a, number })),
      { reason: 'PEER_UNREACHABLE' },
    ],
  ])('%s is of one transaction; the stream goes on', async (_, answers, error) => {
    const stream = openFollow(await validator((number, id) => (number === 0n ? answers(number, id) : whole(number, id))));
    const [bad, good] = [stream.send(transfer(0n)), stream.send(transfer(1n))];
    await expect(bad).rejects.toMatchObject(error);
    expect(await good).toMatchObject({ transaction: transfer(1n).id });
    await stream.close();
  });

  it('what ends the stream is told to all that are under way, and to whoever sends later', async () => {
    const ends = rejection('PeerUnreachable', 'the server is stopping');
    const stream = openFollow(await validator((number, id) => (number === 0n ? [step(number, 'taken', id)] : [ends])));
    const sent = await Promise.allSettled([stream.send(transfer(0n)), stream.send(transfer(1n))]);
    const why = { status: 'rejected', reason: { reason: 'PEER_UNREACHABLE', message: 'the server is stopping' } };
    expect(sent).toMatchObject([why, why]);
    await expect(stream.send(transfer(2n))).rejects.toMatchObject(why.reason);
    await stream.close();
  });

  it('a step that its listener fails on ends the stream, and no promise stays open: not that of the last step either', async () => {
    const stream = openFollow(await validator((number, id) => (number === 0n ? whole(number, id) : [])));
    const fails = (s: FollowStep) => {
      if (s === 'provable') throw new Error('the listener broke');
    };
    const sent = await Promise.allSettled([stream.send(transfer(0n), fails), stream.send(transfer(1n))]);
    expect(sent.map((s) => s.status)).toEqual(['rejected', 'rejected']);
    await stream.close();
  });

  it('a thousand are under way at most, and none after it was closed', async () => {
    const tx = transfer(0n);
    const stream = openFollow(
      await validator((number, id) => (number === 999n ? [...Array(1_000).keys()].flatMap((n) => whole(BigInt(n), id)) : [])),
    );
    const sent = Array.from({ length: 1_000 }, () => stream.send(tx));
    await expect(stream.send(tx)).rejects.toMatchObject({ reason: 'QUEUE_FULL' });
    const over = stream.close();
    await expect(stream.send(tx)).rejects.toMatchObject({ message: 'the stream is closed' });
    expect((await Promise.all(sent)).length).toBe(1_000);
    await over;
  });
});
