/** Final blocks as storage, membership and the ledger take them: total, whatever a peer, a client or a quorum's block holds. */
import { CertifiedHead } from '../../../apps/storage/src/core/certified-head.ts';
import { checkBodies, checkCertified } from '../../../apps/storage/src/core/check-block.ts';
import { MembershipState } from '../../../apps/validator-set/src/core/membership-state.ts';
import { Ledger } from '../../../libs/ledger/src/index.ts';
import * as p from '../../../libs/protocol/src/index.ts';
import * as s from '../samples.ts';
import { must, type Target } from '../target.ts';

/** Two byte strings of an event in one input: u16 length of the first, both. */
export const pair = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  new Uint8Array(Buffer.concat([Uint8Array.of(a.length >> 8, a.length & 255), a, b]));
const split = (bytes: Uint8Array): [Uint8Array, Uint8Array] => {
  const at = Math.min(bytes.length, 2 + (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)));
  return [bytes.subarray(2, at), bytes.subarray(at)];
};
const blocks = [
  [s.first, s.firstCertificate],
  [s.second, s.secondCertificate],
] as const;
const encodedBlocks = blocks.map(([b, c]) => pair(p.encode(p.block, b), p.encode(p.certificate, c)));

const finalBlock: Target = {
  name: 'final block to storage',
  corpus: encodedBlocks,
  maxBytes: 40_000,
  share: 3,
  open: () => (bytes) => {
    const [block, certificate] = split(bytes);
    const found = checkCertified({ block, certificate }, s.chain, s.set, s.coin);
    if ('refused' in found) {
      must(p.rejections[found.refused] !== undefined && found.why !== '', 'a refusal has a code and says why');
      return false;
    }
    must(p.headerDigest(found.block.header) === found.certificate.digest, 'the certificate is for that header');
    const bodies = checkBodies(found.block, [s.encodedBatch], s.chain);
    return Array.isArray(bodies);
  },
};

const membership: Target = {
  name: 'final block to membership',
  corpus: encodedBlocks,
  maxBytes: 40_000,
  share: 2,
  episode: 16,
  open: () => {
    const state = new MembershipState(s.genesis, s.chain, s.coin);
    return (bytes) => {
      const [block, certificate] = split(bytes);
      return state.apply({ height: 1, block, certificate }).kind === 'applied';
    };
  },
};

const ahead = blocks.map(([b, c]) => {
  const header = { ...b.header, height: 40 };
  return pair(p.encode(p.header, header), p.encode(p.certificate, { ...c, height: 40, digest: p.headerDigest(header) }));
});
const hint: Target = {
  name: 'hint of a peer',
  corpus: ahead,
  maxBytes: 40_000,
  share: 2,
  episode: 16,
  open: () => {
    const head = new CertifiedHead(s.chain, s.set, s.coin);
    const state = new MembershipState(s.genesis, s.chain, s.coin);
    return (bytes) => {
      const [header, certificate] = split(bytes);
      const verdict = state.verify(header, certificate);
      const moved = head.hear(40, 0, header, certificate);
      must(!moved || verdict.valid, 'storage believes no header that membership would not');
      return moved;
    };
  },
};

/** What the ledger gives a block: each entry a result, and money stays the same. */
const ledger: Target = {
  name: 'transaction to the ledger',
  corpus: s.transactions.map((t) => p.encode(p.signedTransaction, t)),
  maxBytes: 8_192,
  share: 6,
  episode: 512,
  open: () => {
    const rich = { ...s.genesis, accounts: s.actors.map((id) => ({ id, balance: 1_000n })) };
    const book = new Ledger(rich);
    const chain = p.chainId(rich);
    const { supply } = book;
    return (bytes) => {
      // Of the genesis that has money: else the chain's name would stop every sample at once.
      const transaction = onChain(bytes, chain, book);
      const batch = {
        chain,
        origin: 0,
        number: book.nextBatch(0),
        expiresAt: book.time + 1_000,
        entries: [{ transaction, traceparent: '', tracestate: '' }],
      };
      const { results } = book.execute({ height: book.height + 1, time: book.time + 1, batches: [batch] });
      must(book.supply === supply, 'no money is made or lost');
      const [first] = results;
      must(
        first?.kind === 'transaction' && (first.code === 0 || p.findRejection(first.code) !== undefined),
        'every transaction has a result with a known code',
      );
      if (book.height % 64 === 0) book.audit();
      return first.code === 0;
    };
  },
};
/** The same transaction for that chain and, where it is well formed, with the nonce that its signer needs. */
function onChain(bytes: Uint8Array, chain: string, book: Ledger): Uint8Array {
  try {
    const { body, signature } = p.decode(p.signedTransaction, bytes);
    const tx = p.decodeTransaction(body);
    const nonce = tx.action.kind === 'executeBatch' ? 0n : (book.account(tx.signer)?.nonce ?? 0n);
    return p.encode(p.signedTransaction, { body: p.encode(p.transactionCodec, { ...tx, chain, nonce }), signature });
  } catch {
    return bytes;
  }
}

export const storage: readonly Target[] = [finalBlock, membership, hint, ledger];
