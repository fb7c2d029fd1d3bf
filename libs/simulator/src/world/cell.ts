/** What every validator in the world is made of, and what the world gives to each. */
import type { Params } from '@bursar/pbft';
import type { BatchRef, Certificate, Message, RejectionName, Vote } from '@bursar/protocol';
import type { EvidenceLedger } from '../oracle/evidence-ledger.ts';
import type { Oracle } from '../oracle/oracle.ts';
import type { Clock } from './clock.ts';
import type { Tail } from './disk.ts';
import type { Envelope } from './envelope.ts';
import type { Random } from './random.ts';
import type { StorageDouble } from './storage.ts';
import type { Trace } from './trace.ts';

/** Where a crash may strike: around each call that the driver makes. */
export type CrashPoint = 'append' | 'sync' | 'synced' | 'sign' | 'signed' | 'broadcast' | 'notify' | 'obtain' | 'commit' | 'executed';

/** How long local parts take now, milliseconds. */
export interface Latencies {
  syncMs(who: number): number;
  signMs(who: number): number;
  commitMs(who: number): number;
  bodiesMs(who: number): number;
}

export interface Surroundings {
  readonly random: Random;
  readonly trace: Trace;
  readonly oracle: Oracle;
  /** Watches what reaches an honest validator, and what it makes of it. */
  readonly witness: EvidenceLedger | undefined;
  readonly params: Params;
  readonly genesis: { readonly chain: string; readonly time: number; readonly validators: number };
  readonly latencies: Latencies;
  readonly clock: Clock;
  now(): number;
  after(delay: number, run: () => void): void;
  send(to: number, envelope: Envelope): void;
  /** Gates 1 and 2, decided once per message. */
  check(message: Message): RejectionName | undefined;
  /** A certificate of the set over its kind of vote, decided once. */
  checkCertificate(certificate: Certificate): boolean;
  /** The validator dies at this point, and leaves its disk so; `undefined`: it lives. */
  strikes(point: CrashPoint): Tail | undefined;
  /** The validator died (its `crash` is done): bring it back later. */
  died(lost: { records: number; torn: number }): void;
  observe(what: 'misdeed' | 'view-change' | 'reject', name: string): void;
}

/** What a validator can lose while it is down; its signer keeps its record. */
export type Lost = 'storage' | 'log' | 'storage and log';

/** A validator as the world sees it. */
export interface Cell {
  readonly index: number;
  readonly storage: StorageDouble;
  readonly alive: boolean;
  /** Its signer is at work, perhaps for a process that is dead. */
  readonly isSigning: boolean;
  start(): void;
  crash(tail?: Tail): void;
  /** While it is down, and its signer idle. */
  lose(what: Lost): void;
  receive(from: number, envelope: Envelope): void;
  addBatch(ref: BatchRef): void;
}

/** Signs whatever it is asked to: what a faulty validator does with its key. */
export type FreeHand = (vote: Vote) => Uint8Array;
