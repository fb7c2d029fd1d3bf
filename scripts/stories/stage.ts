/** What stories happen on: four validators, an executor and its standby, each behind links that can be cut, and a treasurer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { addressOf } from '../../apps/bursar/src/devnet/network-file.ts';
import { EXECUTOR, executorName } from '../../apps/bursar/src/devnet/services.ts';
import { countOf, importStatus } from '../../apps/bursar/src/operations/import-status.ts';
import { fund } from '../../apps/bursar/src/operations/pay.ts';
import { startTcpLink, type TcpLink } from '../../libs/chaos/src/index.ts';
import { keyFromSeed, type PaymentOrder, readKeyFile } from '../../libs/client/src/index.ts';
import { type Digest, toHex } from '../../libs/protocol/src/index.ts';
import { executor } from '../../libs/protocol/src/rpc.ts';
import { createRpcClient } from '../../libs/shared-core/src/index.ts';
import { Treasurer } from '../treasury/load.ts';
import { LEASE_MS, openTreasuryNetwork, type TreasuryNetwork } from '../treasury/network.ts';

/** Of an executor: how long it waits for news at most (config.ts). */
const POLL_MS = 1_000;
/** Another holds the lease so long, at most, after the holder is gone. */
export const FAILOVER_MS = LEASE_MS + POLL_MS;
const FUNDS = 100_000_000n;
const PATIENCE_MS = 180_000;
const LOOK_MS = 20;

export interface Lease {
  readonly holder: string;
  readonly epoch: bigint;
}
export interface Paid {
  /** From the last approval until all of it was paid. */
  readonly seconds: number;
  readonly perSecond: number;
}

export class Stage {
  readonly network: TreasuryNetwork;
  readonly treasurer: Treasurer;
  /** Between each executor and every service that it calls, by the executor's name. */
  readonly links: ReadonlyMap<string, readonly TcpLink[]>;
  readonly #payees = Array.from({ length: 100 }, (_, i) => keyFromSeed(Buffer.alloc(32, `story payee ${i} `)).publicKey);
  #made = 0;

  private constructor(network: TreasuryNetwork, links: ReadonlyMap<string, readonly TcpLink[]>) {
    this.network = network;
    this.links = links;
    this.treasurer = new Treasurer(network.session);
  }

  /** @param dir thrown away first @param settings of both executors that are not the usual ones */
  static async open(dir: string, settings: Readonly<Record<string, number>> = {}): Promise<Stage> {
    const links = new Map<string, TcpLink[]>();
    const linked = async (name: string, addresses: unknown): Promise<string[]> => {
      const made = await Promise.all((addresses as string[]).map(startTcpLink));
      links.set(name, [...(links.get(name) ?? []), ...made]);
      return made.map((l) => l.address);
    };
    const network = await openTreasuryNetwork(dir, {
      config: async ({ app, name, config }) =>
        app === EXECUTOR
          ? {
              ...config,
              ...settings,
              consensusAddresses: await linked(name, config['consensusAddresses']),
              storageAddresses: await linked(name, config['storageAddresses']),
            }
          : config,
    });
    const stage = new Stage(network, links);
    await fund(network.session, readKeyFile(network.net.at.clientKey), FUNDS);
    return stage;
  }
  async close(): Promise<void> {
    await this.network.close();
    await Promise.all([...this.links.values()].flat().map((l) => l.close()));
  }
  get payees(): readonly string[] {
    return this.#payees;
  }

  /** Orders of one import; `change` says what is not as usual of order `i`, whose key is `key(i)`. */
  async approve(count: number, change: (i: number, key: (i: number) => string) => Partial<PaymentOrder> = () => ({})): Promise<Digest> {
    const { at } = this.network.net;
    const name = `story-${this.#made++}`;
    const key = (i: number) => `${name}-${i}`;
    const payments = Array.from({ length: count }, (_, i): PaymentOrder => {
      const destination = this.#payees[i % this.#payees.length] as string;
      return { clientKey: key(i), destination, amount: 1n, ...change(i, key) };
    });
    const { digest } = await this.treasurer.import(readKeyFile(at.clientKey), payments);
    for (const i of [1, 2]) await this.treasurer.approve(readKeyFile(at.approverKey(i)), digest);
    return digest;
  }
  /** How many of an import are paid; asked of whoever answers. */
  async paid(digest: Digest): Promise<number> {
    return countOf(await importStatus(this.network.session, digest), 'executed');
  }
  /** @throws when it takes longer than three minutes */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + PATIENCE_MS; !(await holds()); await sleep(LOOK_MS)) {
      this.network.net.check();
      if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
    }
  }
  async untilPaid(digest: Digest, count: number): Promise<void> {
    await this.until(`${count} payments of ${digest}`, async () => (await this.paid(digest)) >= count);
  }
  /** Approves so many and waits until all are paid. */
  async pay(count: number, change?: Parameters<Stage['approve']>[1]): Promise<Paid> {
    const digest = await this.approve(count, change);
    const startedMs = performance.now();
    await this.untilPaid(digest, count);
    const seconds = (performance.now() - startedMs) / 1_000;
    return { seconds, perSecond: count / seconds };
  }

  async lease(): Promise<Lease> {
    const { holder, epoch } = await this.network.session.connection.read((l) => l.getLease({ shard: 0 }));
    return { holder: toHex(holder), epoch };
  }
  /** Name of the process that holds the lease. */
  async holder(): Promise<string> {
    const { holder } = await this.lease();
    const names = [0, 1].map(executorName);
    const found = names.find((_, i) => readKeyFile(this.network.net.at.executor(i).key).publicKey === holder);
    if (found === undefined) throw new Error('nobody holds the lease');
    return found;
  }
  /** Seconds from now until the lease is of a later epoch. */
  async untilNextEpoch({ epoch }: Lease): Promise<number> {
    const startedMs = performance.now();
    await this.until('another epoch of the lease', async () => (await this.lease()).epoch > epoch);
    return (performance.now() - startedMs) / 1_000;
  }
  /** What an executor says of itself. */
  async status(name: string) {
    const ports = this.network.net.specs.find((s) => s.name === name)?.ports;
    if (!ports) throw new RangeError(`there is no process ${name}`);
    const client = createRpcClient(executor.Executor, addressOf(ports));
    try {
      return await client.getStatus({}, { timeoutMs: 2_000 });
    } finally {
      client.close();
    }
  }
}
