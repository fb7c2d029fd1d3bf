/** The ports of the engine's driver in this process: real log, signer, storage, network and peers. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Verifier } from '@bursar/crypto';
import type { Params, Ports, Proposal } from '@bursar/pbft';
import { type Block, type Certificate, type Digest, headerDigest, type Message, type RejectionName, rejections } from '@bursar/protocol';
import { BursarError, type Logger } from '@bursar/shared-core';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { BlockSpans } from '../core/block-spans.ts';
import type { Body } from '../core/body-store.ts';
import { proposalOf, viewChangeOf } from '../core/fetched.ts';
import type { Fetcher } from '../core/fetcher.ts';
import type { CheckedFinal } from '../core/final-blocks.ts';
import type { Journal } from '../core/journal.ts';
import type { Obtainer } from '../core/obtain.ts';
import { storageWentBack } from '../errors.ts';
import type { Clock, FinalBlock, PeersPort, Signed, SignerPort, StoragePort } from '../ports.ts';

export interface Executed {
  readonly block: Block;
  readonly certificate: Certificate;
  readonly bodies: readonly Body[];
  readonly stateRoot: Digest;
  /** Canonical transaction results, in the order of the block. */
  readonly results: readonly Uint8Array[];
}
export interface EngineHostParts {
  readonly params: Params;
  readonly verifier: Verifier;
  readonly clock: Clock;
  readonly log: Logger;
  readonly journal: Journal;
  readonly signer: Pick<SignerPort, 'sign'>;
  readonly storage: Pick<StoragePort, 'commit'>;
  readonly peers: PeersPort;
  readonly fetcher: Fetcher;
  readonly obtainer: Obtainer;
  /** Height that storage holds at the start. */
  readonly startHeight: number;
  readonly unpackFinal: (bytes: Uint8Array, height: number) => CheckedFinal | undefined;
  readonly spans: BlockSpans;
  readonly newest: () => FinalBlock | undefined;
  readonly signal: AbortSignal;
  readonly tick: () => void;
  /** Storage has it: bookkeeping before the engine goes on. */
  readonly onExecuted: (executed: Executed) => void;
  readonly onBroadcast: (message: Message) => void;
  readonly accuse: Ports['accuse'];
  readonly observe: Ports['observe'];
  /** A safety rule is violated: the process ends with 70. */
  readonly halt: (name: RejectionName, reason: string) => void;
  readonly onFailure: (error: unknown) => void;
}

export class EngineHost implements Ports {
  readonly #parts: EngineHostParts;
  /** Ends what was asked for a height when the height is over. */
  readonly #heights = new Map<number, AbortController>();
  #timer: NodeJS.Timeout | undefined;
  #catchingUp = false;
  #executedHeight: number;

  readonly log: Ports['log'];
  readonly network: Ports['network'];
  readonly accuse: Ports['accuse'];
  readonly observe: Ports['observe'];

  constructor(parts: EngineHostParts) {
    this.#parts = parts;
    this.#executedHeight = parts.startHeight;
    const { journal, peers, spans, onBroadcast, newest } = parts;
    this.log = {
      append: (record) => journal.appendEngine(record),
      sync: (done) => void journal.sync().then(done, parts.onFailure),
      compact: (kept) => journal.compact(kept),
    };
    this.network = {
      broadcast(message) {
        onBroadcast(message);
        spans.within(message.vote.vote.digest, () => peers.broadcast(message));
      },
      notify(to) {
        const final = newest();
        if (final) peers.notice(to, final.block.header, final.certificate);
      },
    };
    this.accuse = parts.accuse;
    this.observe = parts.observe;
  }

  now(): number {
    return this.#parts.clock.now();
  }
  wake(atMs: number): void {
    clearTimeout(this.#timer);
    const waitMs = Math.min(Math.max(0, atMs - this.now()), 0x7fffffff);
    // Without the trace of whatever message happened to set the timer.
    this.#timer = context.with(ROOT_CONTEXT, () => setTimeout(() => this.#parts.tick(), waitMs));
  }
  stop(): void {
    clearTimeout(this.#timer);
    for (const height of this.#heights.values()) height.abort(new Error('the service is stopping'));
  }

  sign(...[vote, done, isWanted]: Parameters<Ports['sign']>): void {
    const answer = (signed: Signed) => {
      if (signed !== 'unwanted') done(signed === 'refused' ? undefined : signed);
    };
    this.#parts.signer.sign(vote, isWanted).then(answer, (error: unknown) => {
      if (this.#parts.signal.aborted) return;
      if (codeOf(error) === rejections.SignerBehind.code) this.#parts.halt('SignerBehind', (error as Error).message);
      else this.#parts.onFailure(error);
    });
  }

  obtain(block: Block, from: readonly number[], done: () => void): void {
    const { obtainer, spans } = this.#parts;
    const digest = headerDigest(block.header);
    spans.begin(digest, block);
    this.#whileOpen(block.header.height, async (signal) => {
      const bodies = await obtainer.proposed(block, from, signal);
      spans.link(digest, tracesOf(bodies));
      done();
    });
  }

  fetchBlock(height: number, digest: Digest, from: readonly number[], done: (proposal: Proposal) => void): void {
    const { fetcher } = this.#parts;
    this.#whileOpen(height, async (signal) => {
      const found = await fetcher.seek({ kind: 'block', digest }, from, (bytes) => proposalOf(bytes, digest), signal);
      if (found) done(found);
    });
  }

  fetchViewChange(wanted: Parameters<Ports['fetchViewChange']>[0], done: (message: Message) => void): void {
    const { fetcher, params, verifier } = this.#parts;
    const { height, view, validator, digest, from } = wanted;
    const check = (bytes: Uint8Array) => viewChangeOf(bytes, wanted, params, verifier);
    this.#whileOpen(height, async (signal) => {
      const found = await fetcher.seek({ kind: 'view-change', height, view, validator, digest }, from, check, signal);
      if (found) done(found);
    });
  }

  catchUp(height: number, from: readonly number[], found: (block: Block, certificate: Certificate) => void): void {
    if (this.#catchingUp) return;
    this.#catchingUp = true;
    const { fetcher, obtainer, unpackFinal, signal, log } = this.#parts;
    const run = async () => {
      for (let next = height; ; next++) {
        if (!(await this.#isNear(next))) return;
        const check = (bytes: Uint8Array) => unpackFinal(bytes, next);
        const final = await fetcher.seek({ kind: 'final-block', height: next }, fetcher.peers(from), check, signal);
        if (!final) return; // as far as they have them
        if (!(await obtainer.take(final))) return; // the workers have no time: the engine asks again
        found(final.block, final.certificate);
      }
    };
    run()
      .catch((error: unknown) => {
        if (!signal.aborted) log.warn({ err: error, height }, 'catching up was interrupted');
      })
      .finally(() => {
        this.#catchingUp = false;
      });
  }

  commit(block: Block, certificate: Certificate, done: (stateRoot: Digest, resultsRoot: Digest) => void): void {
    const { obtainer, storage, spans, signal, onExecuted, halt, onFailure } = this.#parts;
    const digest = headerDigest(block.header);
    const run = async () => {
      spans.begin(digest, block);
      const bodies = await obtainer.certified(block, signal);
      spans.link(digest, tracesOf(bodies));
      const encoded = bodies.map((b) => b.encoded);
      const { stateRoot, resultsRoot, results } = await spans.within(digest, () => storage.commit(block, certificate, encoded));
      this.#close(block.header.height);
      this.#executedHeight = block.header.height;
      spans.endAll(digest);
      onExecuted({ block, certificate, bodies, stateRoot, results });
      done(stateRoot, resultsRoot);
    };
    run().catch((error: unknown) => {
      if (signal.aborted) return;
      if (codeOf(error) === rejections.StateForkDetected.code) halt('StateForkDetected', (error as Error).message);
      else if (codeOf(error) === rejections.SequenceGap.code) onFailure(storageWentBack(error));
      else onFailure(error);
    });
  }

  halt(name: RejectionName, reason: string): void {
    this.#parts.halt(name, reason);
  }

  /** Waits until `height` is at most a few above the last executed one; false when execution stands still. */
  async #isNear(height: number): Promise<boolean> {
    const deadline = performance.now() + STILL_MS;
    while (height > this.#executedHeight + AHEAD) {
      if (performance.now() > deadline) return false;
      await sleep(20, undefined, { signal: this.#parts.signal });
    }
    return true;
  }

  /** Runs until it is done or the height is over; a failure in between is for the engine's resend timer to repeat. */
  #whileOpen(height: number, run: (signal: AbortSignal) => Promise<void>): void {
    const own = this.#heights.get(height) ?? new AbortController();
    this.#heights.set(height, own);
    run(own.signal).catch((error: unknown) => {
      if (!own.signal.aborted) this.#parts.onFailure(error);
    });
  }
  #close(height: number): void {
    for (const [h, controller] of this.#heights) {
      if (h > height) continue;
      controller.abort(new Error('the height is over'));
      this.#heights.delete(h);
    }
  }
}

/** Certified blocks fetched above the last executed one: their bodies are in memory. */
const AHEAD = 8;
/** Catching up ends when nothing was executed for so long; the engine asks again. */
const STILL_MS = 10_000;
const codeOf = (error: unknown): number | undefined => (error instanceof BursarError ? error.code : undefined);

function* tracesOf(bodies: readonly Body[]): Generator<string> {
  for (const body of bodies) yield* body.traceparents;
}
