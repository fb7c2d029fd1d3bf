import { encode, fromHex, result, type TransactionResult, toHex, transactionId } from '@bursar/protocol';
import { ledger, transactions } from '@bursar/protocol/rpc';
import { type CallOptions, createRpcServer, type Handlers, rejection } from '@bursar/shared-core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Connection, connect, type ValidatorClient } from '../src/connection.ts';
import { settle, settleEach, settleMany } from '../src/settle.ts';
import { buildTransfer, signTransaction } from '../src/sign-transaction.ts';
import { certified, chain, facts, genesis, payee, placeOf, proposer } from './support/proven-payment.ts';

const open: { stop(deadlineMs?: number): Promise<void> }[] = [];
const connections: Connection[] = [];
afterEach(async () => {
  for (const c of connections.splice(0)) c.close();
  await Promise.all(open.splice(0).map((s) => s.stop(100)));
});

/** What a network of one block per transaction would have recorded: shared by the validators of a test. */
interface Books {
  readonly results: Map<string, TransactionResult>;
  /** Ids in the order of their arrival, once for each time. */
  readonly arrivals: string[];
  /** Blocks that were made, though their results are not provable yet. */
  unprovable?: boolean;
  /** Nonce of the account. */
  nonce: bigint;
}
type Proof = Pick<ledger.GetTransactionProofResponse, 'result' | 'certified'>;
type Behaviour = {
  submit?: (id: string, books: Books) => void;
  wait?: (id: string, books: Books) => unknown;
  proof?: (id: string, books: Books) => unknown;
};

const executed = (id: string, code = 0): TransactionResult => ({
  kind: 'transaction',
  transaction: id,
  code,
  consumed: true,
  height: 5,
  index: 0,
  items: [],
});

/** What a quorum certified about the results of the block of height 5. */
function proofBy(signers: number[], results: readonly TransactionResult[]) {
  const f = facts();
  Object.assign(f.header, { height: 6 });
  return { result: placeOf(results, 0), certified: certified({ ...f, certificate: { ...f.certificate, height: 6 }, signers }, results) };
}
const honestProof = (id: string, { results, unprovable }: Books) => {
  const found = results.get(id);
  if (!found || unprovable) throw rejection('NotFinal');
  return proofBy([0, 1, 2], [found]);
};

async function validator(books: Books, { submit = record, wait = () => {}, proof = honestProof }: Behaviour) {
  const server = createRpcServer();
  const idOf = (body: Uint8Array) => transactionId(body);
  const accept = (body: Uint8Array) => {
    const id = idOf(body);
    books.arrivals.push(id);
    submit(id, books);
    return { transactionId: fromHex(id) };
  };
  server.add(
    transactions.Transactions,
    {
      submit: async ({ body }: transactions.SubmitRequest) => accept(body),
      submitBatch: async (request: transactions.SubmitBatchRequest) => ({ outcomes: request.transactions.map((t) => accept(t.body)) }),
      wait: async ({ transactionId: raw }: transactions.WaitRequest) => {
        const id = toHex(raw);
        const found = (wait(id, books) as TransactionResult | undefined) ?? books.results.get(id);
        if (!found) throw rejection('NotFound');
        return { result: { transactionId: raw, canonical: encode(result, found) } };
      },
    } as unknown as Handlers<(typeof transactions.Transactions)['method']>,
    'public',
  );
  server.add(
    ledger.Ledger,
    {
      getTransaction: async ({ transactionId: raw }: ledger.GetTransactionRequest) => {
        const found = books.results.get(toHex(raw));
        if (!found) throw rejection('NotFound');
        return { height: BigInt(found.height), provable: !books.unprovable, result: encode(result, found) };
      },
      getTransactionProof: async ({ transactionId: raw }: ledger.GetTransactionProofRequest) => proof(toHex(raw), books) as Proof,
      getAccount: async () => ({ balance: 0n, nextNonce: books.nonce, height: 5n }),
    } as unknown as Handlers<(typeof ledger.Ledger)['method']>,
    'public',
  );
  const port = await server.listen('127.0.0.1', 0);
  open.push(server);
  return { consensus: `127.0.0.1:${port}`, storage: `127.0.0.1:${port}` };
}
const record = (id: string, books: Books) => void books.results.set(id, executed(id));

const transfer = (nonce: bigint) => signTransaction(proposer, buildTransfer({ chain, signer: proposer.publicKey, nonce }, payee, 1n));
const unavailable = () => {
  throw rejection('PeerUnreachable');
};
async function network(...behaviours: Behaviour[]): Promise<{ connection: Connection; books: Books }> {
  const books: Books = { results: new Map(), arrivals: [], nonce: 0n };
  const connection = connect(await Promise.all(behaviours.map((b) => validator(books, b))));
  connections.push(connection);
  return { connection, books };
}

describe('settle', () => {
  it('sends once and waits when all is well', async () => {
    const { connection, books } = await network({}, {});
    const tx = transfer(0n);
    expect(await settle(connection, tx)).toMatchObject({ id: tx.id, height: 5, finalityMs: expect.any(Number) });
    expect(books.arrivals).toEqual([tx.id]);
  });
  it('sends the same bytes to the next validator when the first does not answer', async () => {
    const { connection, books } = await network({ submit: unavailable }, {});
    const tx = transfer(0n);
    expect(await settle(connection, tx)).toMatchObject({ id: tx.id, finalityMs: undefined });
    expect(books.arrivals).toEqual([tx.id, tx.id]);
  });
  it('looks the outcome up before it sends again: an answer that was lost costs no second sending', async () => {
    const { connection, books } = await network({ wait: unavailable }, {});
    const tx = transfer(0n);
    expect(await settle(connection, tx)).toMatchObject({ id: tx.id });
    expect(books.arrivals).toEqual([tx.id]);
  });
  it('tells the refusal of the ledger with code, reason and remedy', async () => {
    const { connection } = await network({ submit: (id, books) => void books.results.set(id, executed(id, 7002)) });
    await expect(settle(connection, transfer(0n))).rejects.toMatchObject({
      code: 7002,
      reason: 'INSUFFICIENT_FUNDS',
      remedy: expect.stringMatching(/Fund/),
    });
  });
  it('ends at once when the bytes are refused for what they are', async () => {
    const { connection, books } = await network(
      {
        submit: () => {
          throw rejection('InvalidSignature');
        },
      },
      {},
    );
    await expect(settle(connection, transfer(0n))).rejects.toMatchObject({ reason: 'INVALID_SIGNATURE' });
    expect(books.arrivals).toHaveLength(1);
  });
  it('takes the recorded result when its nonce was used by these very bytes', async () => {
    const { connection } = await network({
      submit: (id, books) => {
        record(id, books);
        throw rejection('NonceTooLow');
      },
    });
    expect(await settle(connection, transfer(0n))).toMatchObject({ height: 5 });
  });
  it('says that the outcome is unknown when time is over, and that the same bytes may be sent again', async () => {
    const { connection } = await network({ submit: unavailable });
    await expect(settle(connection, transfer(0n), { timeoutMs: 150 })).rejects.toMatchObject({ reason: 'PROCESSING_TIMEOUT' });
  });
  it.each([
    ['none took it: it may be in no block', [{ submit: unavailable }, { submit: unavailable }], 'false'],
    ['the second took it', [{ submit: unavailable }, { submit: () => {} }], 'true'],
    ['one took it, and later ones were not reached', [{ submit: () => {} }, { submit: unavailable }], 'true'],
  ])('says whether a validator has taken what it knows no end of: %s', async (_, behaviours: Behaviour[], accepted) => {
    const tx = transfer(0n);
    const options = { timeoutMs: 300 };
    const unknown = { reason: 'PROCESSING_TIMEOUT', details: { transaction: tx.id, accepted } };
    const { connection } = await network(...behaviours);
    await expect(settle(connection, tx, options)).rejects.toMatchObject(unknown);
    expect(await settleEach(connection, [tx], options)).toMatchObject([unknown]);
  });
  it('does not believe a result of another transaction', async () => {
    const { connection } = await network({ submit: (id, books) => void books.results.set(id, executed('11'.repeat(32))) });
    await expect(settle(connection, transfer(0n), { timeoutMs: 150 })).rejects.toMatchObject({ reason: 'PROCESSING_TIMEOUT' });
  });
});

const refuse = (name: 'NonceTooLow' | 'InsufficientFunds' | 'InvalidSignature') => () => {
  throw rejection(name);
};

describe('settle: refusals that no block proves', () => {
  it('does not take one validator’s word that the nonce is used up: whoever signs anew would pay twice', async () => {
    const { connection, books } = await network({ submit: refuse('NonceTooLow') }, {}, {}, {});
    const tx = transfer(0n);
    expect(await settle(connection, tx)).toMatchObject({ id: tx.id });
    expect(books.arrivals).toEqual([tx.id, tx.id]);
  });
  it('does not say that the nonce is used up while the very bytes that used it are not provable yet', async () => {
    let looks = 0;
    const submit = (id: string, books: Books) => {
      Object.assign(books, { nonce: 1n, unprovable: looks++ < 3 });
      record(id, books);
      throw rejection('NonceTooLow');
    };
    const { connection } = await network({ submit }, { submit }, { submit }, { submit });
    expect(await settle(connection, transfer(0n))).toMatchObject({ height: 5 });
  });
  it('says that the nonce is used up when the ledgers show it used by something else', async () => {
    const submit = refuse('NonceTooLow');
    const { connection, books } = await network({ submit }, { submit }, { submit }, { submit });
    books.nonce = 1n;
    await expect(settle(connection, transfer(0n))).rejects.toMatchObject({ reason: 'NONCE_TOO_LOW' });
  });
  it('asks a second validator when the first refuses the bytes for what they are', async () => {
    const { connection } = await network({ submit: refuse('InvalidSignature') }, {}, {}, {});
    expect(await settle(connection, transfer(0n))).toMatchObject({ height: 5 });
  });
  it('believes two of four', async () => {
    const submit = refuse('InvalidSignature');
    const { connection, books } = await network({ submit }, { submit }, {}, {});
    await expect(settle(connection, transfer(0n))).rejects.toMatchObject({ reason: 'INVALID_SIGNATURE' });
    expect(books.arrivals).toHaveLength(2);
  });
});

describe('settle with a genesis', () => {
  const lie = (code: number) => ({ submit: () => {}, wait: (id: string) => executed(id, code), proof: unavailable });

  it('takes a result that a quorum certified', async () => {
    const { connection } = await network({}, {}, {}, {});
    expect(await settle(connection, transfer(0n), { genesis })).toMatchObject({ height: 5, finalityMs: expect.any(Number) });
  });
  it('does not believe a validator that says executed and proves nothing', async () => {
    const { connection, books } = await network(lie(0), {}, {}, {});
    expect(await settle(connection, transfer(0n), { genesis })).toMatchObject({ finalityMs: undefined });
    expect(books.arrivals).toHaveLength(2);
  });
  it('does not believe a refusal by the ledger that nobody proves', async () => {
    const { connection } = await network({ submit: () => {}, wait: refuse('InsufficientFunds'), proof: unavailable }, {}, {}, {});
    expect(await settle(connection, transfer(0n), { genesis })).toMatchObject({ height: 5 });
  });
  it('tells a refusal by the ledger that is proved', async () => {
    const submit = (id: string, books: Books) => void books.results.set(id, executed(id, 7002));
    const { connection } = await network({ submit, wait: refuse('InsufficientFunds') }, {}, {}, {});
    await expect(settle(connection, transfer(0n), { genesis })).rejects.toMatchObject({ reason: 'INSUFFICIENT_FUNDS' });
  });
  const forgeries: [string, (id: string) => unknown][] = [
    ['signed by less than a quorum', (id) => proofBy([0, 1], [executed(id)])],
    ['of another transaction', () => proofBy([0, 1, 2], [executed('11'.repeat(32))])],
    ['of a result that used nothing up', (id) => proofBy([0, 1, 2], [{ ...executed(id), consumed: false }])],
    ['of another height', (id) => proofBy([0, 1, 2], [{ ...executed(id), height: 4 }])],
    [
      'with a leaf that is not under the root',
      (id) => ({ ...proofBy([0, 1, 2], [executed(id)]), result: placeOf([executed(id, 7002)], 0) }),
    ],
    ['cut in half', (id) => ({ result: proofBy([0, 1, 2], [executed(id)]).result })],
  ];
  it.each(forgeries)('does not believe a proof %s', async (_, proof) => {
    const { connection } = await network({ proof });
    await expect(settle(connection, transfer(0n), { genesis, timeoutMs: 150 })).rejects.toMatchObject({ reason: 'PROCESSING_TIMEOUT' });
  });
});

describe('settleMany', () => {
  it('sends in the order of the nonces and waits for all', async () => {
    const { connection, books } = await network({}, {});
    const txs = Array.from({ length: 30 }, (_, i) => transfer(BigInt(i)));
    const settled = await settleMany(connection, txs);
    expect(settled.map((s) => s.id)).toEqual(txs.map((t) => t.id));
    expect(books.arrivals).toEqual(txs.map((t) => t.id));
  });
  it('goes on with another validator when the first goes away in between', async () => {
    const { connection } = await network({ submit: unavailable, wait: unavailable }, {});
    const txs = Array.from({ length: 5 }, (_, i) => transfer(BigInt(i)));
    expect(await settleMany(connection, txs)).toHaveLength(5);
  });
});

describe('a validator that takes a call and says nothing', () => {
  /** Ends a call as gRPC would, when its caller leaves. */
  const silent = (calls: CallOptions[]) => (_: unknown, options: CallOptions) => {
    calls.push(options);
    return new Promise<never>((_, reject) => options.signal?.addEventListener('abort', () => reject(rejection('PeerUnreachable'))));
  };
  const withSilent = (connection: Connection, of: object): Connection => {
    const [first, ...others] = connection.validators as [ValidatorClient, ...ValidatorClient[]];
    return { ...connection, validators: [{ ...first, transactions: { ...first.transactions, ...of } }, ...others] };
  };

  it('keeps no caller who leaves', async () => {
    const { connection } = await network({});
    const leave = new AbortController();
    const calls: CallOptions[] = [];
    const settling = settle(withSilent(connection, { submit: silent(calls) }), transfer(0n), { signal: leave.signal });
    leave.abort();
    await expect(settling).rejects.toMatchObject({ reason: 'PEER_UNREACHABLE' });
    expect(calls[0]?.timeoutMs).toBeLessThanOrEqual(5_000);
  });
  it('leaves half of the time to the others', async () => {
    const { connection } = await network({}, {});
    const calls: CallOptions[] = [];
    const waitBatch = (_: unknown, options: CallOptions) => {
      calls.push(options);
      return Promise.reject(rejection('ProcessingTimeout'));
    };
    expect(await settleMany(withSilent(connection, { waitBatch }), [transfer(0n), transfer(1n)], { timeoutMs: 40_000 })).toHaveLength(2);
    expect(calls.map((c) => c.timeoutMs)).toEqual([20_000]);
  });
});

describe('settleEach', () => {
  it('one that no validator can read hides nothing of what became of the others', async () => {
    const { connection } = await network({}, {});
    const [first, second] = [transfer(0n), transfer(1n)];
    const spoiled = { ...transfer(2n), signature: new Uint8Array(63) };
    const outcomes = await settleEach(connection, [first, spoiled, second]);
    expect(outcomes).toMatchObject([{ id: first.id }, { reason: 'MALFORMED_MESSAGE' }, { id: second.id }]);
  });
});
