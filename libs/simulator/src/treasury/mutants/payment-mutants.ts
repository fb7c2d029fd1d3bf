/** Bugs in the ledger: which payment may be made, what it does to balances, and who waits for what. */
import type { Edit } from '../../mutants/mutant.ts';
import type { TreasuryMutant } from './treasury-mutant.ts';

const ledger = (name: string, find: string, put: string): Edit => ({ file: `libs/ledger/src/${name}.ts`, find, put });
const item = (find: string, put = ''): Edit => ledger('execute-item', find, put);

const rules: readonly TreasuryMutant[] = [
  {
    name: 'failed dependency counts as done',
    bug: 'Who waits for a payment that was cancelled is released as if it had been made.',
    edits: [ledger('deferred-work', 'else bury(s, s.edges.dependent(edge));', 'else release(s, s.edges.dependent(edge));')],
    seeds: 100,
    breaks: ['dependencies'],
  },
  {
    name: 'dependencies not looked at',
    bug: 'A payment in a batch is made before the one that it depends on.',
    edits: [item("  if (!dependenciesExecuted(s, n)) return 'BlockedByDependency';\n")],
    seeds: 200,
    breaks: ['dependencies', 'total ledger'],
  },
  {
    name: 'approvals not looked at',
    bug: 'Whatever an executor names is paid.',
    edits: [item("  if (!isApproved(home, d.amount(n))) return 'NotApproved';\n")],
    seeds: 100,
    breaks: ['approved'],
  },
  {
    name: 'own import approved',
    bug: 'Who proposes a payment is one of those who approve it.',
    edits: [ledger('actions/approve', "  if (imported.proposer === signer) return 'OwnProposal';\n", '')],
    seeds: 100,
    breaks: ['approved'],
  },
  {
    name: 'date not looked at',
    bug: 'A payment is made before its date.',
    edits: [item("  if (d.notBefore(n) > s.time) return 'NotDue';\n")],
    seeds: 300,
    breaks: ['due'],
  },
  {
    name: 'limits not looked at',
    bug: 'A payment is made for which no window has room.',
    edits: [item("  if (limitedUntil(s, n) > s.time) return 'OverLimit';\n")],
    seeds: 50,
    breaks: ['limits'],
  },
  {
    name: 'window too short',
    bug: 'What was paid leaves a window half of its length too soon.',
    edits: [ledger('payment-window', '(step + 1) * this.#stepMs + this.lengthMs', '(step + 1) * this.#stepMs + this.lengthMs / 2')],
    seeds: 100,
    breaks: ['limits'],
  },
  {
    name: 'funds not looked at',
    bug: 'A treasury pays what it does not have.',
    edits: [
      item("return s.books.open(home.treasury.account).balance < d.amount(n) ? 'InsufficientFunds' : undefined;", 'return undefined;'),
    ],
    seeds: 200,
    breaks: ['books', 'total ledger'],
  },
  {
    name: 'lane not compared',
    bug: 'A payment is made in a batch of the other lane.',
    edits: [item(' || d.lane(n) !== laneNumber[lane]')],
    seeds: 100,
    breaks: ['as imported'],
  },
  {
    name: 'body hash not compared',
    bug: 'A batch that names another body pays the one that is known.',
    edits: [item("  if (!d.hasBodyHash(n, items, at + BODY_HASH)) return 'BodyStale';\n")],
    seeds: 200,
    breaks: ['as imported'],
  },
  {
    name: 'paid and paid again',
    bug: 'Whether a payment was made is not looked at.',
    edits: [
      item("  if (d.status[n] === Status.executed) return 'AlreadyExecuted';\n"),
      ledger('transitions', '[Status.executed]: new Set(),', '[Status.executed]: new Set([Status.executed]),'),
    ],
    seeds: 100,
    breaks: ['one receipt', 'total ledger'],
  },
  {
    name: 'cancelled and paid',
    bug: 'Whether a payment was cancelled is not looked at.',
    edits: [
      item("  if (d.status[n] === Status.cancelled) return 'AlreadyCancelled';\n"),
      ledger('transitions', '[Status.cancelled]: new Set(),', '[Status.cancelled]: new Set([Status.executed]),'),
    ],
    seeds: 100,
    breaks: ['cancelled'],
  },
];

const changes: readonly TreasuryMutant[] = [
  {
    name: 'hold not looked at',
    bug: 'What somebody holds back is paid all the same.',
    edits: [ledger('standing', "  if (s.holds.size > 0 && s.holds.get(n)?.releases) return 'Held';\n", '')],
    seeds: 100,
    breaks: ['held'],
  },
  {
    name: 'revised and still approved',
    bug: 'The approvals of a body count for the one that replaces it.',
    edits: [ledger('bodies', '  moveTo(s, n, imported, index);\n}', '}')],
    seeds: 200,
    breaks: ['approved', 'total ledger'],
  },
];

const books: readonly TreasuryMutant[] = [
  {
    name: 'debit without credit',
    bug: 'Small payments have a receipt and move nothing.',
    edits: [
      item(
        '  s.books.move(s.books.open(treasury.account), s.books.open(to), amount);\n',
        '  if (amount > 5n) s.books.move(s.books.open(treasury.account), s.books.open(to), amount);\n',
      ),
    ],
    seeds: 20,
    breaks: ['books'],
  },
  {
    name: 'new funds wake nobody',
    bug: 'What waited for money goes on waiting when it has come.',
    edits: [ledger('transitions', '  else if (treasury.funds.size > 0) startWake(s, treasury);\n', '')],
    seeds: 100,
    breaks: ['progress'],
  },
  {
    name: 'windows wake nobody',
    bug: 'What a limit held stays held when there is room again.',
    edits: [ledger('deferred-work', '    else if (status === Status.limit && isForRoom) tryAgain(s, n);\n', '')],
    seeds: 100,
    breaks: ['progress'],
  },
  {
    name: 'paid dependency releases nobody',
    bug: 'Who waits for a payment goes on waiting when it is made.',
    edits: [ledger('deferred-work', '    if (paid) release(s, s.edges.dependent(edge));\n    else bury', '    if (!paid) bury')],
    seeds: 50,
    breaks: ['progress'],
  },
];

export const paymentMutants: readonly TreasuryMutant[] = [...rules, ...changes, ...books];
