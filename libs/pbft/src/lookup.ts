/** What peers may fetch of the open height. */
import type { Digest, MessageOf } from '@bursar/protocol';
import type { Proposal } from './proposal.ts';
import type { State } from './state.ts';

export function findProposal(s: State, digest: Digest): Proposal | undefined {
  const known = s.known.get(digest);
  return known && { block: known.block, certificate: known.certificate };
}

export function findViewChange(
  s: State,
  height: number,
  view: number,
  validator: number,
  digest: Digest,
): MessageOf<'view-change'> | undefined {
  const is = (m: MessageOf<'view-change'> | undefined): m is MessageOf<'view-change'> =>
    m?.vote.validator === validator && m.vote.vote.height === height && m.vote.vote.view === view && m.vote.vote.digest === digest;
  return s.justification.find(is) ?? s.viewChanges[validator]?.find(is) ?? [...s.found.values()].find(is);
}
