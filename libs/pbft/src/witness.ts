/**
 * What each validator has signed, remembered so that nobody contradicts himself unnoticed (K6, gate 6 of C5). It judges nobody's
 * place in the protocol: a vote that comes too late or for a view that was left testifies as well as one that counts.
 */
import { fromBitmap } from '@bursar/membership';
import { type Certificate, evidenceOf, type Message, type Statement } from '@bursar/protocol';
import { bounds } from './bounds.ts';
import type { Heard, Remembered } from './heard.ts';
import type { State } from './state.ts';
import type { Turn } from './turn.ts';

/** A message whose signature and certificates were checked. */
export function witness(t: Turn, m: Message): void {
  const { vote, validator, signature } = m.vote;
  const { phase, view, digest, height } = vote;
  hear(t, height, validator, { phase, view, digest, signature, content: m.kind === 'view-change' ? m.content : undefined });
  witnessShown(t, m);
}

/** The certificates within a message: an echo of our own from before a crash may tell what we have forgotten of others. */
export function witnessShown(t: Turn, m: Message): void {
  if (m.kind === 'pre-prepare' && m.certificate !== undefined) witnessCertificate(t, m.certificate);
  if (m.kind === 'view-change' && m.content.prepared !== undefined) witnessCertificate(t, m.content.prepared);
}

/** A valid certificate holds votes, too: who votes for one block before us alone is given away by the certificate of the other. */
export function witnessCertificate(t: Turn, c: Certificate): void {
  const { height, view, digest } = c;
  const phase = c.kind === 'commit' ? 'commit' : 'prepare';
  const signers = fromBitmap(c.signers, t.params.set.validators.length) ?? [];
  for (let i = 0; i < signers.length; i++) {
    const validator = signers[i] as number;
    const signature = c.signatures[i];
    if (signature !== undefined && validator !== t.params.self)
      hear(t, height, validator, { phase, view, digest, signature, content: undefined });
  }
}

function hear(t: Turn, height: number, validator: number, said: Statement): void {
  const { s } = t;
  const back = s.height - height;
  const at = s.past.length - back;
  const all = back === 0 ? s.heard : s.past[at];
  const heard = all?.[validator];
  if (all === undefined || heard === undefined) return; // a height that is not open yet, or longer ago than is remembered
  const next = hearOne(t, height, validator, heard, said);
  if (next === heard) return;
  if (back === 0) s.heard = all.with(validator, next);
  else s.past = s.past.with(at, all.with(validator, next));
}

function hearOne(t: Turn, height: number, validator: number, heard: Heard, said: Statement): Heard {
  const { statements } = heard;
  const before = placeOf(statements, said);
  if (before?.digest === said.digest) return heard;
  let { told } = heard;
  for (const o of statements) {
    const kind = t.rules.contradiction(o, said);
    if (kind === undefined || told.includes(kind)) continue;
    told = [...told, kind];
    t.effects.push({ type: 'evidence', kind, evidence: evidenceOf(validator, t.params.set.epoch, height, recall(o), said) });
  }
  if (before !== undefined) return told === heard.told ? heard : { ...heard, told };
  return { told, statements: nearest([...statements, remember(said)], t.s.view, bounds.statements) };
}

function placeOf(statements: readonly Remembered[], { phase, view }: Statement): Remembered | undefined {
  for (const o of statements) if (o.phase === phase && o.view === view) return o;
  return undefined;
}

const remember = ({ phase, view, digest, content, signature }: Statement): Remembered => ({
  phase,
  view,
  digest,
  content,
  signature: Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength).toString('latin1'),
});
const recall = ({ signature, ...said }: Remembered): Statement => ({
  ...said,
  signature: new Uint8Array(Buffer.from(signature, 'latin1')),
});

/**
 * Of too many the ones whose views are farthest from `view` go. There are eight statements for each distance, so whoever floods its own
 * list must leave the neighbourhood in which votes count to do so.
 */
function nearest(statements: readonly Remembered[], view: number, most: number): readonly Remembered[] {
  if (statements.length <= most) return statements;
  return [...statements].sort((a, b) => Math.abs(a.view - view) - Math.abs(b.view - view)).slice(0, most);
}

/** The open height is over: less of it is kept, around the view in which it ended. */
export function closeHeight(t: Turn): void {
  const { s } = t;
  const digests = new Map<string, string>(); // most votes are for one block: its digest is kept once
  const lean = (o: Remembered): Remembered => {
    const digest = digests.get(o.digest) ?? o.digest;
    digests.set(digest, digest);
    return { phase: o.phase, view: o.view, digest, content: o.content, signature: o.signature };
  };
  const closed = s.heard.map(({ told, statements }) => ({
    told,
    statements: nearest(statements, s.view, bounds.pastStatements).map(lean),
  }));
  s.past = [...s.past.slice(1 - bounds.pastHeights), closed];
  if (closed.some((h) => h.statements.some((o) => o.content !== undefined))) s.past = lighter(s.past);
}

/** Contents of ViewChanges are large: of each validator the newest few stay, the older ones keep digest and signature. */
function lighter(past: State['past']): State['past'] {
  const left: number[] = past[past.length - 1]?.map(() => bounds.pastContents) ?? [];
  const keep = (h: Heard, validator: number): Heard => {
    if (!h.statements.some((o) => o.content !== undefined)) return h;
    const statements = h.statements.map((o) => {
      if (o.content === undefined) return o;
      const room = (left[validator] ?? 0) > 0;
      if (room) left[validator] = (left[validator] as number) - 1;
      return room ? o : { ...o, content: undefined };
    });
    return { ...h, statements };
  };
  return past
    .toReversed()
    .map((all) => all.map(keep))
    .toReversed();
}
