/** What postings were: read from the blocks that hold them. */
import { batchCodec, block, type Digest, decode, decodeTransaction, type Hex32, result, signedTransaction } from '@bursar/protocol';
import type { Posting } from './postings.ts';
import type { StoredBlock } from './stored-block.ts';

export interface PostingDetail {
  /** Who received, or who paid. */
  readonly counterparty: Hex32;
  /** The transfer, or the executeBatch that paid. */
  readonly transaction: Digest;
  /** Of a payment of a treasury. */
  readonly payment?: { readonly disbursement: Digest; readonly import: Digest };
  /** Of a transfer. */
  readonly memo?: string;
}

/** Blocks of one page together, and how many there may be: a page stops before it costs more, and has at least one posting. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_BLOCKS = 128;

/** Of the given postings, in order, as many as few blocks hold. @throws Error when a block does not hold what the index says */
export async function postingDetails(
  postings: readonly Posting[],
  read: (height: number) => Promise<StoredBlock>,
): Promise<readonly PostingDetail[]> {
  const details: PostingDetail[] = [];
  let open: { readonly height: number; readonly detail: (p: Posting) => PostingDetail } | undefined;
  let [bytes, blocks] = [0, 0];
  for (const posting of postings) {
    if (open?.height !== posting.height) {
      if (bytes >= MAX_BYTES || blocks >= MAX_BLOCKS) break;
      const stored = await read(posting.height);
      bytes += sizeOf(stored);
      blocks += 1;
      open = { height: posting.height, detail: detailsOf(stored) };
    }
    details.push(open.detail(posting));
  }
  return details;
}

const sizeOf = ({ batches, results }: StoredBlock): number => batches.reduce((sum, part) => sum + part.length, results.packed.length);

/** Decodes a batch once for all postings of a block that stand in it one after the other. */
function detailsOf(stored: StoredBlock): (posting: Posting) => PostingDetail {
  const refs = decode(block, stored.block).batches;
  let batch = -1;
  let entries: readonly { readonly transaction: Uint8Array }[] = [];
  const entryAt = (place: number): Uint8Array => {
    let [wanted, left] = [0, place];
    for (; left >= (refs[wanted]?.transactions ?? Number.POSITIVE_INFINITY); wanted++) left -= refs[wanted]?.transactions ?? 0;
    if (wanted !== batch) {
      entries = decode(batchCodec, stored.batches[wanted] ?? new Uint8Array()).entries;
      batch = wanted;
    }
    const found = entries[left];
    if (!found) throw new Error(`the block has no transaction ${place}`);
    return found.transaction;
  };
  return ({ index, credit }) => {
    const of = decode(result, stored.results.at(index));
    if (of.kind === 'payment')
      return {
        counterparty: credit ? of.from : of.to,
        transaction: of.transaction,
        payment: { disbursement: of.disbursement, import: of.import },
      };
    const { signer, action } = decodeTransaction(decode(signedTransaction, entryAt(of.index)).body);
    if (action.kind !== 'transfer') throw new Error(`transaction ${of.index} of the block is no transfer`);
    return { counterparty: credit ? signer : action.to, transaction: of.transaction, memo: action.memo };
  };
}
