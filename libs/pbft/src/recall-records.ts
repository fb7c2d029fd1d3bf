/** What the log and the signer hold, sorted by height (docs/protocol.md "Durability"). */
import type { Block, Certificate, MessageOf, NewView, SignedVote, ViewChange, Vote } from '@bursar/protocol';
import type { LogRecord } from './log-record.ts';
import type { Params } from './params.ts';

/** Of one height. */
export interface Recalled {
  readonly proposals: { readonly block: Block; readonly certificate: Certificate | undefined }[];
  /** Votes that were about to be signed. */
  readonly intents: { readonly vote: Vote; readonly viewChange: ViewChange | undefined; readonly newView: NewView | undefined }[];
  /** Our signatures, from the signer's rows and from the log. */
  readonly signed: SignedVote[];
  readonly prepared: Certificate[];
  readonly evidence: MessageOf<'view-change'>[];
  final: { readonly block: Block; readonly certificate: Certificate } | undefined;
}

/** @param above heights at and below it are executed: nothing about them is needed. */
export function recallRecords(
  params: Params,
  above: number,
  records: Iterable<LogRecord>,
  rows: Iterable<SignedVote>,
): Map<number, Recalled> {
  const byHeight = new Map<number, Recalled>();
  const at = (height: number): Recalled | undefined => {
    if (height <= above) return undefined;
    const found = byHeight.get(height) ?? { proposals: [], intents: [], signed: [], prepared: [], evidence: [], final: undefined };
    byHeight.set(height, found);
    return found;
  };
  for (const row of rows) if (row.validator === params.self && row.vote.chain === params.chain) at(row.vote.height)?.signed.push(row);
  for (const r of records) {
    switch (r.kind) {
      case 'proposal':
        at(r.height)?.proposals.push(r);
        break;
      case 'intent':
        at(r.vote.height)?.intents.push(r);
        break;
      case 'signed':
        at(r.vote.height)?.signed.push({ vote: r.vote, validator: params.self, signature: r.signature });
        break;
      case 'prepared':
        at(r.certificate.height)?.prepared.push(r.certificate);
        break;
      case 'evidence':
        if (r.message.kind === 'view-change') at(r.message.vote.vote.height)?.evidence.push(r.message);
        break;
      case 'final': {
        const of = at(r.certificate.height);
        if (of !== undefined) of.final = r;
        break;
      }
      case 'floor':
        break;
    }
  }
  return byHeight;
}

/** The highest height of which anything was signed, or about to be; 0: none. */
export function lastSpoken(byHeight: ReadonlyMap<number, Recalled>): number {
  let last = 0;
  for (const [height, { intents, signed }] of byHeight) if (intents.length + signed.length > 0) last = Math.max(last, height);
  return last;
}

/** A Commit that was signed and whose PreparedCert is lost: a ViewChange of ours would hide it, and that forks. */
export const lostCommit = (r: Recalled | undefined): Vote | undefined =>
  r?.final === undefined
    ? r?.signed.find(({ vote }) => vote.phase === 'commit' && !r.prepared.some((c) => c.view === vote.view && c.digest === vote.digest))
        ?.vote
    : undefined;
