/** The ports of the engine's driver in this process: real log, signer, storage, network and peers. */
import type { Verifier } from '@bursar/crypto';
import { type Params, type Ports, type Proposal, type Start, startAfter } from '@bursar/pbft';
import {
  type Block,
  type Certificate,
  certificate as certificateCodec,
  type Digest,
  decode,
  headerDigest,
  type Message,
  type RejectionName,
  rejections,
} from '@bursar/protocol';
import { BursarError, type Logger } from '@bursar/shared-core';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { BlockSpans } from '../core/block-spans.ts';
import type { Body } from '../core/body-store.ts';
import { CatchUp } from '../core/catch-up.ts';
import { proposalOf, viewChangeOf } from '../core/fetched.ts';
import type { Fetcher } from '../core/fetcher.ts';
import type { FetchedFinal } from '../core/final-blocks.ts';
import type { Journal } from '../core/journal.ts';
import type { Obtainer } from '../core/obtain.ts';
import { storageWentBack } from '../errors.ts';
import type { Clock, FinalBlock, PeersPort, Signed, SignerPort, StoragePort } from '../ports.ts';
import { tuning } from '../tuning.ts';

export interface Executed {
  readonly block: Block;
  readonly certificate: Certificate;
  /** Undefined: it came with a run of blocks, and its bodies went to storage only. */
  readonly bodies: readonly Body[] | undefined;
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
  readonly storage: Pick<StoragePort, 'commit' | 'commitRun'>;
  readonly peers: PeersPort;
  readonly fetcher: Fetcher;
  readonly obtainer: Obtainer;
  /** Height that storage holds at the start. */
  readonly startHeight: number;
  /** The last executed block, as the engine has it. */
  readonly tip: () => Start;
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
  #storageTurn: Promise<void> = Promise.resolve();

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
    const { signer, spans, signal, halt, onFailure } = this.#parts;
    const signed = spans.within(vote.digest, () => signer.sign(vote, isWanted));
    signed.then(answer, (error: unknown) => {
      if (signal.aborted) return;
      if (codeOf(error) === rejections.SignerBehind.code) halt('SignerBehind', (error as Error).message);
      else onFailure(error);
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

  catchUp(height: number, from: readonly number[], done: CaughtUp): void {
    if (this.#catchingUp) return;
    this.#catchingUp = true;
    const { fetcher, params, signal, log } = this.#parts;
    const peers = fetcher.peers(from).filter((p) => from.includes(p) && p !== params.self);
    const commit = (run: readonly FetchedFinal[]) => this.#inTurn(() => this.#commitRun(run, done));
    new CatchUp(height, peers, { fetcher, commit, signal, now: () => performance.now(), limits: tuning.catchUp })
      .run()
      .catch((error: unknown) => {
        if (!signal.aborted) log.warn({ err: error, height }, 'catching up was interrupted');
      })
      .finally(() => {
        this.#catchingUp = false;
      });
  }

  /** Storage checks the blocks and takes them; the engine goes on above them. @returns false when they were refused */
  async #commitRun(run: readonly FetchedFinal[], done: CaughtUp): Promise<boolean> {
    const { storage, tip, onExecuted, log } = this.#parts;
    const fresh = run.filter(({ decoded }) => decoded.header.height > this.#executedHeight);
    if (fresh.length === 0) return true;
    const answers = await storage.commitRun(fresh);
    const last = answers?.at(-1);
    if (!answers || !last) return false;
    const certificates = fresh.map((f) => decode(certificateCodec, f.certificate));
    const blocks = fresh.map((f) => f.decoded);
    const start = startAfter(tip(), blocks, certificates.at(-1) as Certificate, last.stateRoot, last.resultsRoot);
    this.#close(start.height);
    this.#executedHeight = start.height;
    for (const [i, { stateRoot, results }] of answers.entries())
      onExecuted({ block: blocks[i] as Block, certificate: certificates[i] as Certificate, bodies: undefined, stateRoot, results });
    log.info({ from: start.height + 1 - fresh.length, to: start.height }, 'a run of final blocks of a peer is taken');
    done(certificates, start);
    return true;
  }

  commit(block: Block, certificate: Certificate, done: (stateRoot: Digest, resultsRoot: Digest) => void): void {
    const { obtainer, storage, spans, signal, onExecuted } = this.#parts;
    const digest = headerDigest(block.header);
    const { height } = block.header;
    void this.#inTurn(async () => {
      if (height <= this.#executedHeight) return; // catch-up was faster
      spans.begin(digest, block);
      const bodies = await obtainer.certified(block, signal);
      spans.link(digest, tracesOf(bodies));
      const encoded = bodies.map((b) => b.encoded);
      const { stateRoot, resultsRoot, results } = await spans.within(digest, () => storage.commit(block, certificate, encoded));
      this.#close(height);
      this.#executedHeight = height;
      spans.endAll(digest);
      onExecuted({ block, certificate, bodies, stateRoot, results });
      done(stateRoot, resultsRoot);
    });
  }

  /** One thing at a time goes to storage. Where storage and this process disagree, the process ends. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#storageTurn.then(run);
    this.#storageTurn = turn.then(
      () => {},
      (error: unknown) => {
        const { signal, halt, onFailure } = this.#parts;
        if (signal.aborted) return;
        if (codeOf(error) === rejections.StateForkDetected.code) halt('StateForkDetected', (error as Error).message);
        else if (codeOf(error) === rejections.SequenceGap.code) onFailure(storageWentBack(error));
        else onFailure(error);
      },
    );
    return turn;
  }

  halt(name: RejectionName, reason: string): void {
    this.#parts.halt(name, reason);
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

type CaughtUp = Parameters<Ports['catchUp']>[2];
const codeOf = (error: unknown): number | undefined => (error instanceof BursarError ? error.code : undefined);

function* tracesOf(bodies: readonly Body[]): Generator<string> {
  for (const body of bodies) yield* body.traceparents;
}
