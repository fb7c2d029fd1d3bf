/** The rest of a validator's cell on one real gRPC port: a signer and a storage of a few lines that keep the rules consensus relies on. */
import { ed25519, type KeyPair, keyPairFromSeed, sign } from '@bursar/crypto';
import { genesisSet, isFinalKind, type ValidatorSet, verifyCertificate } from '@bursar/membership';
import {
  type Block,
  batchCodec,
  batchDigest,
  batchHash,
  batchRefsDigest,
  block as blockCodec,
  certificate as certificateCodec,
  type Digest,
  decode,
  decodeTransaction,
  digest,
  type Evidence,
  encode,
  evidence as evidenceCodec,
  evidenceKind,
  evidenceTransaction,
  fromHex,
  type Genesis,
  headerDigest,
  type Phase,
  rejections,
  result as resultCodec,
  signedTransaction,
  type TransactionResult,
  toHex,
  transactionHash,
  transactionId,
  voteHash,
} from '@bursar/protocol';
import { commits, ledger, signing, validatorSet } from '@bursar/protocol/rpc';
import { answerCalls, createRpcServer, type Handlers, type RpcServer, rejection } from '@bursar/shared-core';

export const TOKEN = 'the token of the cell';
interface Stored {
  readonly block: Block;
  readonly request: { readonly block: Uint8Array; readonly certificate: Uint8Array; readonly batches: Uint8Array[] };
  readonly results: readonly TransactionResult[];
  readonly stateRoot: Digest;
  readonly resultsRoot: Digest;
}

export class Cell {
  readonly self: number;
  readonly chain: Digest;
  readonly genesis: Genesis;
  readonly #keys: KeyPair;
  readonly #votes = new Map<
    string,
    { readonly digest: Digest; readonly phase: Phase; readonly epoch: number; readonly signature: Uint8Array }
  >();
  readonly #batches = new Map<bigint, { readonly digest: Digest; readonly expiresAt: bigint; readonly signature: Uint8Array }>();
  readonly #left = new Map<number, number>();
  readonly blocks: Stored[] = [];
  /** Offences that blocks have recorded. */
  readonly evidence: Evidence[] = [];
  readonly #nonces = new Map<string, bigint>();
  readonly #found = new Map<Digest, TransactionResult>();
  readonly nextBatch: number[];
  /** Blocks in each commit so far. */
  readonly runs: number[] = [];
  readonly #members: ValidatorSet;
  /** Tests may end the answers of commits: storage is down. */
  isDown = false;
  /** Storage computes other books than everybody else. */
  isCorrupt = false;
  /** Tests may end the answers of the signer to votes. */
  isSignerDown = false;
  /** Tests may have evidence wait for its signature. */
  refusesEvidence = false;
  #server: RpcServer | undefined;
  port = 0;

  constructor(self: number, genesis: Genesis, chain: Digest, keys: KeyPair) {
    this.self = self;
    this.genesis = genesis;
    this.chain = chain;
    this.#keys = keys;
    this.#members = genesisSet(genesis);
    this.nextBatch = genesis.validators.map(() => 1);
  }
  get height(): number {
    return this.blocks.length;
  }
  async start(): Promise<void> {
    const server = createRpcServer({ bearer: TOKEN });
    server.add(signing.Signing, this.#signing(), 'bearer');
    server.add(commits.Commits, this.#commits(), 'bearer');
    server.add(ledger.Ledger, this.#ledger() as Handlers<(typeof ledger.Ledger)['method']>, 'public');
    server.add(validatorSet.ValidatorSet, this.#set() as Handlers<(typeof validatorSet.ValidatorSet)['method']>, 'public');
    this.#server = server;
    this.port = await server.listen('127.0.0.1', this.port);
  }
  async stop(): Promise<void> {
    await this.#server?.stop(100);
  }

  #sign(phase: Phase, ballot: signing.Ballot): { signature: Uint8Array } {
    if (this.isSignerDown) throw rejection('PeerUnreachable', 'the signer is down');
    const { epoch } = ballot;
    const [height, view, digestOf] = [Number(ballot.height), Number(ballot.view), toHex(ballot.digest)];
    const key = `${height}/${view}/${phase}`;
    const known = this.#votes.get(key);
    if (known) {
      if (known.digest !== digestOf) throw rejection('DoubleSignRefused');
      return known;
    }
    const left = this.#left.get(height) ?? 0;
    if (view < left) throw rejection('DoubleSignRefused', `view ${view} was left`);
    if (phase === 'view-change') this.#left.set(height, view);
    const signature = sign(this.#keys.secretKey, voteHash({ chain: this.chain, epoch, height, view, phase, digest: digestOf }));
    this.#votes.set(key, { digest: digestOf, phase, epoch, signature });
    return { signature };
  }
  #claim(r: signing.BatchClaim): { signature: Uint8Array } {
    const known = this.#batches.get(r.number);
    const digestOf = toHex(r.digest);
    if (known?.digest === digestOf) return known;
    if (known && known.expiresAt >= r.finalTimeMs) throw rejection('DoubleSignRefused');
    const ref = {
      origin: this.self,
      number: Number(r.number),
      digest: digestOf,
      bytes: r.bytes,
      transactions: r.transactions,
      expiresAt: Number(r.expiresAtMs),
    };
    const made = { digest: digestOf, expiresAt: r.expiresAtMs, signature: sign(this.#keys.secretKey, batchHash(this.chain, ref)) };
    this.#batches.set(r.number, made);
    return made;
  }
  #signEvidence(encoded: Uint8Array): { signature: Uint8Array } {
    if (this.refusesEvidence) throw rejection('PeerUnreachable', 'no evidence is signed now');
    const body = evidenceTransaction(this.chain, toHex(this.#keys.publicKey), decode(evidenceCodec, encoded));
    return { signature: sign(this.#keys.secretKey, transactionHash(body)) };
  }
  #signing(): Handlers<(typeof signing.Signing)['method']> {
    return {
      getPublicKey: async () => ({ publicKey: this.#keys.publicKey }),
      sign: answerCalls({ name: 'sign', most: 8 }, async ({ purpose }: signing.SignRequest) => {
        switch (purpose.case) {
          case 'prepare':
          case 'commit':
            return this.#sign(purpose.case, purpose.value);
          case 'viewChange':
            return this.#sign('view-change', purpose.value);
          case 'newView':
            return this.#sign('new-view', purpose.value);
          case 'batch':
            return this.#claim(purpose.value);
          case 'evidence':
            return this.#signEvidence(purpose.value);
          case undefined:
            throw rejection('MalformedMessage');
        }
      }),
      listSigned: async ({ fromHeight }) => ({
        rows: [...this.#votes].flatMap(([key, v]) => {
          const [height, view] = key.split('/').map(Number) as [number, number];
          if (height < Number(fromHeight)) return [];
          return [
            {
              ballot: { epoch: v.epoch, height: BigInt(height), view: BigInt(view), digest: fromHex(v.digest) },
              phase: v.phase,
              signature: v.signature,
            },
          ];
        }),
      }),
      reconcile: async ({ known }) => {
        for (const row of known)
          if (!this.#votes.has(`${row.ballot?.height}/${row.ballot?.view}/${row.phase}`)) throw rejection('SignerBehind');
        return {};
      },
    };
  }

  /** Once for each offender, height and kind. */
  #convict(found: Evidence): boolean {
    const offence = (e: Evidence) => `${e.validator}/${e.height}/${evidenceKind(e)}`;
    if (this.evidence.some((e) => offence(e) === offence(found))) return false;
    this.evidence.push(found);
    return true;
  }

  /** Roots are chains of hashes; a transaction is done when its nonce is the signer's next one. */
  #execute(block: Block, batches: readonly Uint8Array[]): { results: TransactionResult[]; stateRoot: Digest; resultsRoot: Digest } {
    const results: TransactionResult[] = [];
    const { height } = block.header;
    for (const entry of batches.flatMap((b) => decode(batchCodec, b).entries)) {
      const { body } = decode(signedTransaction, entry.transaction);
      const { signer, nonce, action } = decodeTransaction(body);
      const next = this.#nonces.get(signer) ?? 0n;
      let code = nonce === next ? 0 : nonce < next ? rejections.NonceTooLow.code : rejections.NonceGap.code;
      if (action.kind === 'evidence') code = this.#convict(action.evidence) ? 0 : rejections.EvidenceKnown.code;
      else if (code === 0) this.#nonces.set(signer, next + 1n);
      results.push({
        kind: 'transaction',
        transaction: transactionId(body),
        code,
        consumed: code === 0,
        height,
        index: results.length,
        items: [],
      });
    }
    const encoded = results.map((r) => encode(resultCodec, r));
    const stateRoot = digest('test/state', fromHex(this.stateRoot), fromHex(headerDigest(block.header)), ...encoded);
    return { results, stateRoot, resultsRoot: digest('test/results', ...encoded) };
  }
  get stateRoot(): Digest {
    return this.blocks.at(-1)?.stateRoot ?? digest('test/state');
  }
  #commits(): Handlers<(typeof commits.Commits)['method']> {
    return {
      commit: answerCalls({ name: 'commit', most: 1 }, async ({ block }: commits.CommitRequest) => {
        const [executed] = this.#commit(block ? [block] : []);
        return executed ? { executed } : {};
      }),
      commitRun: async ({ blocks }) => ({ blocks: this.#commit(blocks) }),
      getFinalBlocks: async ({ fromHeight, toHeight, maxBytes }) => {
        const first = Number(fromHeight) - 1;
        const found = this.blocks.slice(first, Number(toHeight)).map((b) => b.request);
        if (found.length === 0) throw rejection('NotFound');
        const blocks: Stored['request'][] = [];
        let bytes = 0;
        for (const request of found) {
          bytes += request.batches.reduce((n, b) => n + b.length + 8, request.block.length + request.certificate.length + 32);
          if (blocks.length > 0 && bytes > maxBytes) break;
          blocks.push(request);
        }
        return { blocks, newestHeight: BigInt(this.height) };
      },
    };
  }

  /** Storage checks what consensus gives it: a run that is not certified is refused as a whole. */
  #commit(requests: readonly commits.FinalBlock[]) {
    if (this.isDown) throw rejection('PeerUnreachable', 'storage is down');
    this.runs.push(requests.length);
    const run = requests.map((request) => ({
      request,
      block: decode(blockCodec, request.block),
      certificate: decode(certificateCodec, request.certificate),
    }));
    for (const [i, { request, block, certificate }] of run.entries()) {
      const before = run[i - 1]?.block;
      if (before && block.header.parent !== headerDigest(before.header)) throw rejection('MalformedMessage');
      if (certificate.digest !== headerDigest(block.header) || batchRefsDigest(block.batches) !== block.header.batches)
        throw rejection('MalformedMessage');
      if (!isFinalKind(certificate.kind)) throw rejection('QuorumNotReached');
      const bad = verifyCertificate(this.#members, this.chain, certificate, ed25519);
      if (bad) throw rejection(bad);
      if (block.batches.some((ref, k) => batchDigest(request.batches[k] ?? new Uint8Array()) !== ref.digest))
        throw rejection('MalformedMessage');
    }
    return run.map(({ request, block }) => this.#take(request, block));
  }
  #take(request: commits.FinalBlock, block: Block) {
    const { height } = block.header;
    const stored = this.blocks[height - 1];
    if (stored && headerDigest(stored.block.header) !== headerDigest(block.header)) throw rejection('StateForkDetected');
    if (height > this.height + 1) throw rejection('SequenceGap');
    if (!stored) {
      if (block.header.stateRoot !== this.stateRoot) throw rejection('StateForkDetected');
      const done = this.#execute(block, request.batches);
      this.blocks.push({ block, request: { block: request.block, certificate: request.certificate, batches: request.batches }, ...done });
      for (const result of done.results) if (result.consumed) this.#found.set(result.transaction, result);
      for (const ref of block.batches) this.nextBatch[ref.origin] = ref.number + 1;
    }
    const { results, stateRoot, resultsRoot } = this.blocks[height - 1] as Stored;
    return {
      height: BigInt(height),
      stateRoot: fromHex(this.isCorrupt ? digest('test/corrupt') : stateRoot),
      resultsRoot: fromHex(resultsRoot),
      transactionResults: results.map((x) => encode(resultCodec, x)),
    };
  }
  #ledger(): Partial<Handlers<(typeof ledger.Ledger)['method']>> {
    const { blocks } = this;
    return {
      getStatus: async () => {
        const last = blocks.at(-1);
        return {
          height: BigInt(this.height),
          blockHash: fromHex(last ? headerDigest(last.block.header) : this.chain),
          stateRoot: fromHex(this.stateRoot),
          resultsRoot: fromHex(last?.resultsRoot ?? digest('test/results')),
          timeMs: BigInt(last?.block.header.time ?? this.genesis.time),
          nextBatch: this.nextBatch.map(BigInt),
        };
      },
      async *streamBlocks({ fromHeight }) {
        for (let h = Number(fromHeight); h <= blocks.length; h++) {
          const { request } = blocks[h - 1] as Stored;
          yield { block: { height: BigInt(h), block: request.block, certificate: request.certificate } };
        }
      },
      getTransaction: async ({ transactionId: id }) => {
        const found = this.#found.get(toHex(id));
        if (!found) throw rejection('NotFound');
        const { request } = blocks[found.height - 1] as Stored;
        const { kind } = decode(certificateCodec, request.certificate);
        return {
          height: BigInt(found.height),
          result: encode(resultCodec, found),
          provable: found.height < this.height,
          certificateKind: kind,
        };
      },
    };
  }
  #set(): Partial<Handlers<(typeof validatorSet.ValidatorSet)['method']>> {
    return { getEpoch: async () => ({ epoch: 0, hash: fromHex(genesisSet(this.genesis).hash) }) };
  }
}

export const keysOf = (n: number): KeyPair => keyPairFromSeed(new Uint8Array(32).fill(n));
