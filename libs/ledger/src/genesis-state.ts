import { type Genesis, type TreasuryPolicy, treasuryAccount, treasuryId, ZERO_DIGEST } from '@bursar/protocol';
import { CHAIN_SLOT } from './commit-leaves.ts';
import type { Treasury } from './entities.ts';
import { BrokenInvariant } from './errors.ts';
import { checkGenesis } from './genesis-check.ts';
import { enforce, rulesOf } from './policy.ts';
import { SinceList } from './since-list.ts';
import { State } from './state.ts';
import { noCounts, Status } from './status.ts';

/** The state after height 0. @throws BadGenesis */
export function genesisState(genesis: Genesis): State {
  checkGenesis(genesis);
  const s = new State(genesis);
  if (s.tree.newSlot() !== CHAIN_SLOT) throw new BrokenInvariant('the chain has the first slot');
  for (const { id, balance } of genesis.accounts) s.books.mint(id, balance);
  for (const policy of genesis.treasuries) {
    const t = makeTreasury(s, policy);
    s.treasuries.set(t.id, t);
    s.treasuryByAccount.set(t.account, t);
    s.touchTreasury(t);
    s.books.open(t.account);
    enforce(s, t, t.rules);
  }
  for (let shard = 0; shard < genesis.shards; shard += 1) {
    const lease = {
      shard,
      holder: undefined,
      epoch: 0n,
      expiresAt: 0,
      released: false,
      nextSeq: 1n,
      executions: [],
      history: ZERO_DIGEST,
      slot: s.tree.newSlot(),
      dirty: false,
    };
    s.leases.push(lease);
    s.touchLease(lease);
  }
  return s;
}

function makeTreasury(s: State, policy: TreasuryPolicy): Treasury {
  const id = treasuryId(policy.name);
  return {
    id,
    account: treasuryAccount(id),
    rules: rulesOf(id, 1, policy, s.time, []),
    policies: new Map(),
    payees: new Map(),
    payeeList: [],
    payeeByReference: new Map(),
    openChanges: new Set(),
    review: undefined,
    paused: false,
    pauseNumber: 0,
    resumes: new Set(),
    totalPaid: 0n,
    counts: noCounts(),
    ready: new Map(),
    funds: new SinceList((n, since) => s.disbursements.status[n] === Status.funds && s.disbursements.since[n] === since),
    wake: undefined,
    wakeAgain: false,
    passedOver: false,
    slot: s.tree.newSlot(),
    dirty: false,
  };
}
