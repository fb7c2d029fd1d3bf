/** What a bench finds when it runs: the machine's limits, the folder for its files, how long to measure, and the shared network. */
import type { Limits } from './limits.ts';
import type { BenchNetwork } from './network.ts';
import type { PeerFigures } from './peer/figures.ts';

export interface Context {
  /** Measured when first asked for. */
  limits(): Limits;
  /** The clone's tool folder. */
  readonly tools: string;
  /** A folder of the bench's own inside the clone. */
  readonly folder: string;
  /** Measured seconds of a figure of throughput. */
  readonly seconds: number;
  say(line: string): void;
  /** Four validators, NATS and an executor; started when first asked for, shared by the benches that follow. */
  network(): Promise<BenchNetwork>;
  /** Ends the shared network: the next bench needs the machine for itself. */
  closeNetwork(): Promise<void>;
  /** Set once the peer has been measured in this run. */
  peer?: PeerFigures;
  /** Transfers a second at our best, once measured in this run. */
  best?: number;
}
