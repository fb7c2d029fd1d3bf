/** bursar.storage.v1.Ledger: reads of what is durable here. Each handler settles first, then reads without waiting in between. */
import { certificate, decode, encode, fromHex, type Genesis, type Lane, numberedPolicy, toHex } from '@bursar/protocol';
import type { ledger as rpc } from '@bursar/protocol/rpc';
import { type Handlers, rejection } from '@bursar/shared-core';
import { postingDetails } from '../core/posting-details.ts';
import type { Posting } from '../core/postings.ts';
import { paymentProof, transactionProof } from '../core/proofs.ts';
import { ResultTrees } from '../core/result-trees.ts';
import type { BlockStore } from '../core/store.ts';
import { badField, unknown } from '../errors.ts';
import {
  changeReply,
  disbursementReply,
  evidenceReply,
  finalHeader,
  importReply,
  payeeReply,
  postingReply,
  treasuryReply,
} from './replies.ts';

const DEFAULT_PAGE = 100;
/** Items looked at for one page: a rare state in a long import comes in short pages, never in a long pause. */
const MAX_SCAN = 10_000;

/** Page tokens are places in an order that only grows. */
function placeIn(pageToken: string): number {
  if (!/^\d{0,9}$/.test(pageToken)) throw badField('page_token', 'is not one that an answer gave');
  return Number(pageToken);
}

export function ledgerHandlers(store: BlockStore, genesis: Genesis): Handlers<(typeof rpc.Ledger)['method']> {
  const { ledger, indexes, postings } = store;
  const trees = new ResultTrees();
  const height = (): bigint => BigInt(store.tip.height);
  const unknownShard = (shard: number) =>
    rejection('UnknownShard', undefined, { details: { shard: String(shard), shards: String(genesis.shards) } });
  const leaseOf = (shard: number) => {
    const { holder, epoch, expiresAt, released, nextSeq } = ledger.lease(shard);
    return {
      holder: holder === undefined ? new Uint8Array() : fromHex(holder),
      epoch,
      expiresAtMs: BigInt(expiresAt),
      released,
      nextSeq,
      height: height(),
      timeMs: BigInt(store.tip.time),
    };
  };
  /** The first of the genesis when none is named. @throws UnknownTreasury */
  const treasuryOf = ({ treasury }: { readonly treasury: Uint8Array }) => {
    if (treasury.length !== 0 && treasury.length !== 32) throw badField('treasury', 'must have 32 bytes or none');
    const id = treasury.length === 0 ? (ledger.treasuries()[0] ?? '') : toHex(treasury);
    const found = ledger.treasury(id);
    if (!found) throw unknown('UnknownTreasury', id);
    return found;
  };
  return {
    async getStatus() {
      await store.settled();
      const { tip } = store;
      return {
        height: height(),
        blockHash: fromHex(tip.hash),
        stateRoot: fromHex(tip.stateRoot),
        resultsRoot: fromHex(tip.resultsRoot),
        timeMs: BigInt(tip.time),
        nextBatch: genesis.validators.map((_, origin) => BigInt(ledger.nextBatch(origin))),
        supply: ledger.supply,
        payments: BigInt(ledger.payments),
        blocksWithContent: BigInt(store.blocksWithContent),
      };
    },

    async getBlock(request) {
      const at = Number(request.height);
      return { block: finalHeader(at, await store.read(at)) };
    },

    async *streamBlocks({ fromHeight, follow, results }, { signal, isOwn }) {
      for await (const { height: at, stored } of store.blocks(Number(fromHeight), follow, signal, isOwn))
        yield { block: finalHeader(at, stored), results: results ? [...stored.results] : [] };
    },

    async getAccount(request) {
      await store.settled();
      const id = toHex(request.account);
      const found = ledger.account(id);
      if (!found) throw unknown('UnknownAccount', id);
      return { balance: found.balance, nextNonce: found.nonce, height: height() };
    },

    async getTreasury(request) {
      await store.settled();
      return { ...treasuryReply(treasuryOf(request)), height: height() };
    },

    async getPolicy({ digest }) {
      await store.settled();
      const found = ledger.policy(toHex(digest));
      if (!found) throw unknown('NotFound', toHex(digest));
      return { policy: encode(numberedPolicy, found) };
    },

    async getChange(request) {
      await store.settled();
      const id = toHex(request.change);
      const found = ledger.change(id);
      if (!found) throw unknown('ChangeUnknown', id);
      return { change: changeReply(found), height: height() };
    },

    async listChanges(request) {
      await store.settled();
      const { id } = treasuryOf(request);
      return { changes: ledger.openChanges(id).map(changeReply), height: height(), timeMs: BigInt(store.tip.time) };
    },

    async getPayee(request) {
      await store.settled();
      const { id } = treasuryOf(request);
      const { name, reference } = request;
      if ((name === '') === (reference === '')) throw badField('name', 'or reference must be given, and not both');
      const found = name === '' ? ledger.payeeByReference(id, reference) : ledger.payee(id, name);
      if (!found) throw unknown('PayeeUnknown', name || reference);
      return { payee: payeeReply(found), height: height() };
    },

    async listPayees(request) {
      await store.settled();
      const { id } = treasuryOf(request);
      const start = placeIn(request.pageToken);
      const size = request.pageSize || DEFAULT_PAGE;
      const found = ledger.payees(id, start, size + 1);
      const nextPageToken = found.length > size ? String(start + size) : '';
      return { payees: found.slice(0, size).map(payeeReply), nextPageToken, height: height() };
    },

    async getImport(request) {
      await store.settled();
      const id = toHex(request.import);
      const found = ledger.findImport(id);
      if (!found) throw unknown('ImportUnknown', id);
      return { ...importReply(found), traceparent: indexes.traceparent(id), height: height() };
    },

    async getDisbursement(request) {
      await store.settled();
      const id = toHex(request.disbursement);
      const found = ledger.disbursement(id);
      if (!found) throw unknown('UnknownDisbursement', id);
      return { disbursement: disbursementReply(found, indexes.traceparent(found.import)), height: height() };
    },

    async findDisbursements(request) {
      await store.settled();
      const disbursements = request.disbursements.flatMap((id) => {
        const found = ledger.disbursement(toHex(id));
        return found ? [{ id, bodyHash: fromHex(found.bodyHash), state: found.state }] : [];
      });
      return { disbursements, height: height() };
    },

    async listDisbursements(request) {
      await store.settled();
      const id = toHex(request.import);
      const found = ledger.findImport(id);
      if (!found) throw unknown('ImportUnknown', id);
      const start = placeIn(request.pageToken);
      const size = request.pageSize || DEFAULT_PAGE;
      const traceparent = indexes.traceparent(id);
      const disbursements: ReturnType<typeof disbursementReply>[] = [];
      const items = found.state === 'open' ? 0 : found.items;
      let next = start;
      for (; next < items && next < start + MAX_SCAN && disbursements.length < size; next++) {
        const item = found.itemAt(next);
        const one = item === undefined ? undefined : ledger.disbursement(item);
        if (one && (request.state === '' || request.state === one.state)) disbursements.push(disbursementReply(one, traceparent));
      }
      return { disbursements, nextPageToken: next < items ? String(next) : '', height: height() };
    },

    async listReady({ shard, lane, limit, cursor }) {
      await store.settled();
      if (shard >= genesis.shards) throw unknownShard(shard);
      const found = ledger.ready(shard, lane as 'consumer' | 'industrial', limit || DEFAULT_PAGE, cursor || undefined);
      const items = found.items.map(({ id, bodyHash, attempts, import: of, after }) => ({
        id: fromHex(id),
        bodyHash: fromHex(bodyHash),
        attempts,
        traceparent: indexes.traceparent(of),
        after: after.map(fromHex),
      }));
      return { items, nextCursor: found.next ?? '', height: height(), timeMs: BigInt(store.tip.time) };
    },

    async getLease({ shard }) {
      await store.settled();
      if (shard >= genesis.shards) throw unknownShard(shard);
      return leaseOf(shard);
    },

    async *watchShard({ shard }, { signal, isOwn }) {
      if (shard >= genesis.shards) throw unknownShard(shard);
      const ready = (lane: Lane) => ledger.readyCount(shard, lane);
      for await (const _ of store.news(signal, isOwn))
        yield { lease: leaseOf(shard), readyConsumer: ready('consumer'), readyIndustrial: ready('industrial') };
    },

    async listEvidence({ validator, pageSize, pageToken }) {
      await store.settled();
      const start = placeIn(pageToken);
      const size = pageSize || DEFAULT_PAGE;
      const found = ledger.evidence(start, size + 1, validator);
      const nextPageToken = found.length > size ? String(start + size) : '';
      return { evidence: found.slice(0, size).map(evidenceReply), nextPageToken, height: height() };
    },

    async listPostings({ account, fromMs, untilMs, pageSize, pageToken }) {
      await store.settled();
      const id = toHex(account);
      const found = ledger.account(id);
      if (!found) throw unknown('UnknownAccount', id);
      if (untilMs !== 0n && untilMs < fromMs) throw badField('until_ms', 'is before from_ms');
      const from = pageToken === '' ? postings.placeFrom(id, Number(fromMs)) : placeIn(pageToken);
      const until = untilMs === 0n ? Number.POSITIVE_INFINITY : postings.placeFrom(id, Number(untilMs));
      const page = postings.page(id, from, until, pageSize || DEFAULT_PAGE);
      const now = { balance: found.balance, height: height(), timeMs: BigInt(store.tip.time) };
      const details = await postingDetails(page.postings, (at) => store.read(at));
      const next = page.first + details.length;
      const shown = details.map((detail, i) => {
        const posting = page.postings[i] as Posting;
        const paid = detail.payment && ledger.disbursement(detail.payment.disbursement)?.body;
        return postingReply(posting, detail, { number: page.first + i + 1, timeMs: postings.timeOf(posting.height), paid });
      });
      const isLast = !page.more && details.length === page.postings.length;
      return { postings: shown, nextPageToken: isLast ? '' : String(next), opening: page.opening, ...now };
    },

    async getTransaction(request) {
      const id = toHex(request.transactionId);
      const place = indexes.transaction(id);
      if (!place) throw rejection('NotFound', undefined, { details: { id } });
      const stored = await store.read(place.height);
      return {
        height: BigInt(place.height),
        result: stored.results.at(place.index),
        provable: place.height < store.tip.height,
        certificateKind: decode(certificate, stored.certificate).kind,
      };
    },

    async getPaymentProof(request) {
      const { approvals, ...proof } = await paymentProof(store, trees, toHex(request.disbursement));
      return { ...proof, approvals: [...approvals] };
    },

    async getTransactionProof(request) {
      return await transactionProof(store, trees, toHex(request.transactionId));
    },
  };
}
