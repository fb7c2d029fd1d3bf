/** Validators for a real executor process: the gRPC services Transactions and Ledger in front of one simulated chain. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chain, keyOf } from '@bursar/executor/testing';
import {
  type Action,
  decodeTransaction,
  disbursementBody,
  encode,
  formatGenesis,
  fromHex,
  result,
  type SignedTransaction,
  toHex,
  transactionId,
} from '@bursar/protocol';
import { executor, ledger, transactions, treasury } from '@bursar/protocol/rpc';
import { type CallContext, createRpcClient, createRpcServer, type RpcServer, rejection } from '@bursar/shared-core';

export const TRACEPARENT = '00-11112222333344445555666677778888-aaaabbbbccccdddd-01';
const BLOCK_MS = 25;

export class Network {
  readonly chain = new Chain();
  readonly addresses: string[] = [];
  /** traceparent headers under which batches came in. */
  readonly batchParents: string[] = [];
  /** Told of each transaction that arrives; false: it is lost, and so is the answer. */
  onArrival: (kind: Action['kind']) => boolean = () => true;
  /** Given what was lost. */
  onLost: (signed: SignedTransaction) => void = () => {};
  /** Told when one is taken, before its sender is. */
  onTaken: (kind: Action['kind']) => void = () => {};
  /** Told of each block before anybody else is. */
  onBlock: () => void = () => {};
  /** Calls of GetLease and ListReady. */
  looks = 0;
  readonly #servers: RpcServer[] = [];
  readonly #waiting = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  async start(validators = 2): Promise<this> {
    for (let i = 0; i < validators; i++) {
      const server = createRpcServer({});
      server.add(ledger.Ledger, this.#ledger() as unknown as Parameters<typeof server.add<(typeof ledger.Ledger)['method']>>[1], 'public');
      server.add(
        transactions.Transactions,
        this.#transactions() as unknown as Parameters<typeof server.add<(typeof transactions.Transactions)['method']>>[1],
        'public',
      );
      this.addresses.push(`127.0.0.1:${await server.listen('127.0.0.1', 0)}`);
      this.#servers.push(server);
    }
    this.#timer = setInterval(() => this.block(), BLOCK_MS);
    return this;
  }
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#servers.map((s) => s.stop(100)));
  }
  /** Takes a validator away for good. */
  async kill(place: number): Promise<void> {
    await this.#servers[place]?.stop(0);
  }

  block(): void {
    this.chain.block(BLOCK_MS);
    this.onBlock();
    for (const wake of [...this.#waiting]) wake();
  }
  async nextBlock(signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }
  /** Resolves when it holds after a block; the test's own time limit is the bound. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.nextBlock();
  }

  #transactions() {
    const { chain } = this;
    const put = ({ body, signature }: { body: Uint8Array; signature: Uint8Array }, context: CallContext) => {
      const id = transactionId(body);
      const { kind } = decodeTransaction(body).action;
      if (!this.onArrival(kind)) {
        this.onLost({ body, signature });
        throw rejection('PeerUnreachable');
      }
      if (kind === 'executeBatch') this.batchParents.push(context.header('traceparent') ?? '');
      chain.put({ id, body, signature });
      this.onTaken(kind);
      return { transactionId: fromHex(id) };
    };
    return {
      submit: async (request: transactions.SubmitRequest, context: CallContext) => put(request, context),
      submitBatch: async (request: transactions.SubmitBatchRequest, context: CallContext) => ({
        outcomes: request.transactions.map((t) => put(t, context)),
      }),
      wait: async (request: transactions.WaitRequest, { signal }: CallContext) => {
        const id = toHex(request.transactionId);
        for (;;) {
          const found = chain.outcome(id);
          if (found.kind === 'final' && found.provable)
            return {
              result: {
                transactionId: request.transactionId,
                height: BigInt(found.result.height),
                canonical: encode(result, found.result),
              },
            };
          if (signal.aborted) throw rejection('ProcessingTimeout');
          await this.nextBlock(signal);
        }
      },
    };
  }

  #ledger() {
    const { chain } = this;
    const height = () => BigInt(chain.ledger.height);
    const nextBlock = (signal: AbortSignal) => this.nextBlock(signal);
    const lease = () => {
      const l = chain.lease();
      const holder = l.holder === undefined ? new Uint8Array() : fromHex(l.holder);
      const { epoch, released, nextSeq } = l;
      return { holder, epoch, expiresAtMs: BigInt(l.expiresAt), released, nextSeq, height: height(), timeMs: BigInt(l.time) };
    };
    return {
      getStatus: async () => ({ height: height() }),
      async *watchShard(_: unknown, { signal }: CallContext) {
        while (!signal.aborted) {
          const { consumer, industrial } = chain.lease().ready ?? { consumer: 0, industrial: 0 };
          yield { lease: lease(), readyConsumer: consumer, readyIndustrial: industrial };
          await nextBlock(signal);
        }
      },
      getAccount: async ({ account }: ledger.GetAccountRequest) => {
        const found = chain.ledger.account(toHex(account));
        if (!found) throw rejection('UnknownAccount');
        return { balance: found.balance, nextNonce: found.nonce, height: height() };
      },
      getImport: async (request: ledger.GetImportRequest) => {
        const found = chain.ledger.findImport(toHex(request.import));
        if (!found) throw rejection('ImportUnknown');
        const counts = Object.fromEntries(Object.entries(found.counts).map(([k, n]) => [k, BigInt(n)]));
        return {
          import: request.import,
          treasury: fromHex(found.treasury),
          state: found.state,
          approvals: found.approvals.map(fromHex),
          counts,
          height: height(),
        };
      },
      getDisbursement: async ({ disbursement }: ledger.GetDisbursementRequest) => {
        const found = chain.ledger.disbursement(toHex(disbursement));
        if (!found) throw rejection('UnknownDisbursement');
        return { disbursement: { id: disbursement, body: encode(disbursementBody, found.body), state: found.state }, height: height() };
      },
      listReady: async ({ lane, limit, cursor }: ledger.ListReadyRequest) => {
        this.looks += 1;
        const { items, next } = chain.ledger.ready(0, lane as 'consumer', limit, cursor);
        const ready = items.map((i) => ({
          id: fromHex(i.id),
          bodyHash: fromHex(i.bodyHash),
          attempts: i.attempts,
          traceparent: TRACEPARENT,
          after: i.after.map(fromHex),
        }));
        return { items: ready, nextCursor: next ?? '', height: height(), timeMs: BigInt(chain.ledger.time) };
      },
      getLease: async () => {
        this.looks += 1;
        return lease();
      },
      getTransaction: async ({ transactionId: id }: ledger.GetTransactionRequest) => {
        const found = chain.outcome(toHex(id));
        if (found.kind === 'none') throw rejection('NotFound');
        if (found.kind === 'final')
          return { height: BigInt(found.result.height), result: encode(result, found.result), provable: found.provable };
        const refused = {
          kind: 'transaction',
          transaction: toHex(id),
          code: found.code,
          consumed: false,
          height: found.height,
          index: 0,
          items: [],
        } as const;
        return { height: BigInt(found.height), result: encode(result, { ...refused, items: [] }), provable: true };
      },
    };
  }
}

export const TOKEN = 'token-of-the-executor';
const here = import.meta.dirname;

/** Files and settings of one executor process. */
export class ExecutorProcess {
  readonly dir: string;
  readonly network: Network;
  child: ChildProcess | undefined;
  output = '';
  grpc = 0;
  admin = 0;

  private constructor(dir: string, network: Network) {
    this.dir = dir;
    this.network = network;
  }

  static async make(network: Network, key = 'exec', changes: Record<string, unknown> = {}): Promise<ExecutorProcess> {
    const dir = await mkdtemp(join(tmpdir(), 'executor-'));
    const made = new ExecutorProcess(dir, network);
    const seed = Buffer.from(keyOf(key).secretKey.subarray(0, 32)).toString('hex');
    await writeFile(join(dir, 'key.json'), JSON.stringify({ version: 1, kind: 'ed25519', publicKey: keyOf(key).id, seed }), {
      mode: 0o600,
    });
    await writeFile(join(dir, 'token'), TOKEN, { mode: 0o600 });
    await writeFile(join(dir, 'genesis.json'), formatGenesis(network.chain.genesis));
    const config = {
      genesis: join(dir, 'genesis.json'),
      dataDir: join(dir, 'data'),
      keyFile: join(dir, 'key.json'),
      tokenFile: join(dir, 'token'),
      grpcPort: 0,
      adminPort: 0,
      natsUrl: 'nats://127.0.0.1:1',
      consensusAddresses: network.addresses,
      storageAddresses: network.addresses,
      batchItems: 5,
      shutdownMs: 5_000,
      parentPid: process.pid,
      ...changes,
    };
    await writeFile(join(dir, 'config.json'), JSON.stringify(config));
    return made;
  }

  /** Resolves when it listens. @throws with its output when it ends before */
  async start(env: Readonly<Record<string, string>> = {}): Promise<this> {
    const child = spawn(process.execPath, [join(here, '..', '..', 'src', 'main.ts'), '--config', join(this.dir, 'config.json')], {
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.output = '';
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const read = (chunk: Buffer) => {
      this.output += chunk.toString();
      const [, line] = /(\{[^\n]*treasury-executor listens[^\n]*)\n/.exec(this.output) ?? [];
      if (line === undefined) return;
      const { grpcPort, adminPort } = JSON.parse(line) as { grpcPort: number; adminPort: number };
      this.grpc = grpcPort;
      this.admin = adminPort;
      resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(Object.assign(new Error(`it ended with ${code}: ${this.output}`), { code })));
    await promise;
    return this;
  }
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const gone = once(child, 'exit');
    child.kill(signal);
    return (await gone)[0] as number | null;
  }
  /** Resolves with the signal that ended it, null after an end of its own. */
  async ended(): Promise<NodeJS.Signals | null> {
    const { child } = this;
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child?.signalCode ?? null;
  }
  /** At once, from within a step of somebody else. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.child?.kill(signal);
  }
  async remove(): Promise<void> {
    await this.end('SIGKILL');
    await rm(this.dir, { recursive: true, force: true });
  }
  get address(): string {
    return `127.0.0.1:${this.grpc}`;
  }
  executor(bearer?: string) {
    return createRpcClient(executor.Executor, this.address, { bearer });
  }
  treasury() {
    return createRpcClient(treasury.Treasury, this.address, {});
  }
}
