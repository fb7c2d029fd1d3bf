import { revise } from './bodies.ts';
import type { ImportPlan } from './check-import.ts';
import { bury } from './deferred-work.ts';
import { NO_EDGE } from './edge-table.ts';
import type { Import } from './entities.ts';
import { chooseShards } from './shard-of.ts';
import type { StagedItems } from './staged-items.ts';
import type { State } from './state.ts';
import { Status } from './status.ts';
import { admitted } from './transitions.ts';

const ID = 32;
/** NEW as an unsigned number: more than there are disbursements. */
const NO_NUMBER = 0xffffffff;

/** Makes a judged import visible as one: its new items become disbursements, in order, then their dependencies are linked. */
export function admitImport(s: State, imported: Import, items: StagedItems, plan: ImportPlan): void {
  const shards = shardsOf(s, items, plan);
  const base = s.disbursements.count;
  const numbers = Uint32Array.from(plan.repeats);
  for (const [node, index] of plan.fresh.entries()) {
    const n = s.disbursements.add(items, index, imported.number, shards[node] as number, s.tree.newSlot());
    numbers[index] = n;
    admitted(s, n);
    const { reverses } = items.more(index);
    if (reverses !== undefined) s.reversals.set(s.disbursements.find(reverses) as number, n);
  }
  // One that stands twice in the import is the same disbursement both times.
  for (let i = 0; i < items.count; i++) if (numbers[i] === NO_NUMBER) numbers[i] = s.disbursements.findAt(items.ids, i * ID) as number;
  imported.items = numbers;
  imported.activated = items.count;
  imported.least = plan.total;
  imported.most = 0n;
  for (let i = 0; i < items.count; i++) {
    const amount = items.amount(i);
    if (amount < imported.least) imported.least = amount;
    if (amount > imported.most) imported.most = amount;
  }
  imported.replayed = items.count - plan.fresh.length - plan.revised.length;
  imported.elsewhere = imported.replayed;
  imported.total = plan.total;
  for (const index of plan.revised) revise(s, plan.repeats[index] as number, items, index, imported);
  s.sequence += 1;
  imported.sealedAt = s.sequence;
  if (plan.linked) for (const [node, index] of plan.fresh.entries()) link(s, base + node, items.dependsOn(index));
}

function link(s: State, n: number, dependsOn: readonly string[]): void {
  const d = s.disbursements;
  let lost = false;
  for (const id of dependsOn) {
    const needed = d.find(id) as number;
    const status = d.status[needed];
    if (status === Status.executed) continue;
    (d.waiting[n] as number) += 1;
    if (status === Status.cancelled || status === Status.dead) {
      lost = true;
      continue;
    }
    const edge = s.edges.add(n, d.lastEdge[needed] as number);
    if (d.firstEdge[needed] === NO_EDGE) d.firstEdge[needed] = edge;
    d.lastEdge[needed] = edge;
  }
  if (lost) bury(s, n);
}

function shardsOf(s: State, items: StagedItems, plan: ImportPlan): Uint16Array {
  if (s.shards === 1) return new Uint16Array(plan.fresh.length);
  const nodeAt = new Map<number, number>(plan.fresh.map((place, node) => [place, node]));
  const nodes = plan.fresh.map((index) => {
    const needs: number[] = [];
    let known: number | undefined;
    for (const dependency of items.dependsOn(index)) {
      const place = plan.placeOf(dependency);
      if (place !== undefined) needs.push(nodeAt.get(place) as number);
      else known ??= s.disbursements.shard[s.disbursements.find(dependency) as number];
    }
    return { id: items.id(index), needs, known };
  });
  return chooseShards(nodes, s.shards);
}
