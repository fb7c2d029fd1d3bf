/** How far an import is, and what is held back for which reason. */
import { type Digest, fromHex, toHex } from '@bursar/protocol';
import type { ledger } from '@bursar/protocol/rpc';
import type { Session } from './session.ts';

export interface ApprovalNeed {
  /** Largest amount of the band, base units. */
  readonly upTo: bigint;
  readonly role: string;
  readonly needed: number;
  readonly given: number;
}

export interface ImportStatus {
  readonly state: string;
  readonly items: number;
  readonly approvals: readonly string[];
  /** What its amounts need, by band and role, and what is there. */
  readonly needs: readonly ApprovalNeed[];
  readonly total: bigint;
  /** By state of the payment. */
  readonly counts: Readonly<Record<string, number>>;
  readonly traceparent: string;
  readonly height: number;
}

export async function importStatus({ connection }: Session, digest: Digest): Promise<ImportStatus> {
  const i = await connection.read((l) => l.getImport({ import: fromHex(digest) }));
  return {
    state: i.state,
    items: i.items,
    approvals: i.approvals.map(toHex),
    needs: i.needs.map(({ upTo, role, needed, given }) => ({ upTo, role, needed, given })),
    total: i.total,
    counts: Object.fromEntries(Object.entries(i.counts).map(([state, n]) => [state, Number(n)])),
    traceparent: i.traceparent,
    height: Number(i.height),
  };
}

export const countOf = ({ counts }: ImportStatus, ...states: readonly string[]): number =>
  states.reduce((sum, s) => sum + (counts[s] ?? 0), 0);

/** States of the payments of an import that belong to another one, which brought the same body: its counts leave them out. */
export async function countsElsewhere(session: Session, digest: Digest, status: ImportStatus): Promise<Readonly<Record<string, number>>> {
  if (countOf(status, ...Object.keys(status.counts)) === status.items) return {};
  const counts: Record<string, number> = {};
  for (const d of await listPayments(session, digest)) if (toHex(d.import) !== digest) counts[d.state] = (counts[d.state] ?? 0) + 1;
  return counts;
}

const PAGE = 500;
const MAX_PAGES = 1_000;

/** Every payment of an import, or those of one state, in the order of the import. */
export async function listPayments({ connection }: Session, digest: Digest, state = ''): Promise<ledger.Disbursement[]> {
  const found: ledger.Disbursement[] = [];
  let pageToken = '';
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await connection.read((l) => l.listDisbursements({ import: fromHex(digest), state, pageSize: PAGE, pageToken }));
    found.push(...answer.disbursements);
    pageToken = answer.nextPageToken;
    if (pageToken === '') break;
  }
  return found;
}
