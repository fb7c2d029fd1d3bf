/** Bugs in the ledger: leases, seqs, and the order of the checks of a batch. */
import type { Edit } from '../../mutants/mutant.ts';
import type { TreasuryMutant } from './treasury-mutant.ts';

const action = (name: string, find: string, put: string): Edit => ({ file: `libs/ledger/src/actions/${name}.ts`, find, put });
const KNOWN_SEQ = '  if (a.seq < lease.nextSeq) {\n';
const EXPIRED = "  if (s.time > a.expiresAt) return 'BatchExpired';";

export const batchMutants: readonly TreasuryMutant[] = [
  {
    name: 'seq not consumed by a rejected item',
    bug: 'A batch of which an item was refused leaves its seq to the next one.',
    edits: [action('execute-batch', '  lease.nextSeq += 1n;\n', '  if (receipts.length === codes.length) lease.nextSeq += 1n;\n')],
    seeds: 50,
    breaks: ['leases'],
  },
  {
    name: 'expiry before the known seq',
    bug: 'An executed batch that comes again late looks as if it had not been executed.',
    edits: [action('execute-batch', KNOWN_SEQ, `${EXPIRED}\n${KNOWN_SEQ}`)],
    seeds: 50,
    breaks: ['leases'],
  },
  {
    name: 'batches never expire',
    bug: 'A batch is executed after the moment from which its executor takes it for dead.',
    edits: [action('execute-batch', `${EXPIRED} // 3\n`, '')],
    seeds: 50,
    breaks: ['leases', 'true ending'],
  },
  {
    name: 'gaps between seqs',
    bug: 'A batch is executed before the one whose seq comes first.',
    edits: [action('execute-batch', "  if (a.seq > lease.nextSeq) return 'SeqGap'; // 3b\n", '')],
    seeds: 50,
    breaks: ['leases'],
  },
  {
    name: 'old epoch not fenced',
    bug: 'A batch of an earlier lease of the same key is executed.',
    edits: [action('execute-batch', ' || lease.epoch !== a.leaseEpoch', '')],
    seeds: 100,
    breaks: ['leases', 'true ending'],
  },
  {
    name: 'holder not compared',
    bug: 'Any executor may use the lease of another.',
    edits: [action('execute-batch', 'lease.holder !== signer || ', '')],
    seeds: 200,
    breaks: ['leases'],
  },
  {
    name: 'lease outlives its time',
    bug: 'Who holds it holds it until somebody else asks.',
    edits: [action('lease', '!lease.released && time < lease.expiresAt', '!lease.released')],
    seeds: 20,
    breaks: ['leases'],
  },
  {
    name: 'lease taken from its holder',
    bug: 'Who asks for the lease gets it, held or not.',
    edits: [action('lease', "      if (isHeld(found, s.time) && !mine) return 'LeaseHeld';\n", '')],
    seeds: 50,
    breaks: ['leases'],
  },
  {
    name: 'a copy keeps the epoch',
    bug: 'Who holds the lease and asks again does not fence what was signed before.',
    edits: [
      action(
        'lease',
        '      found.holder = signer;\n      found.epoch += 1n;\n',
        '      found.holder = signer;\n      if (!mine) found.epoch += 1n;\n',
      ),
    ],
    seeds: 50,
    breaks: ['leases'],
  },
  {
    name: 'pause not looked at',
    bug: 'A batch of a paused treasury is executed.',
    edits: [action('execute-batch', "  if (isPaused(s, a)) return 'Paused'; // 5\n", '')],
    seeds: 100,
    breaks: ['leases', 'paused'],
  },
];
