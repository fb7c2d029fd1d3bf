import { revise } from './bodies.ts';
import type { ImportPlan } from './check-import.ts';
import { bury } from './deferred-work.ts';
import { NO_EDGE } from './edge-table.ts';
import type { Import, StagedItem } from './entities.ts';
import { chooseShards } from './shard-of.ts';
import type { State } from './state.ts';
import { Status } from './status.ts';
import { admitted } from './transitions.ts';

/** Makes a judged import visible as one: its new items become disbursements, in order, then their dependencies are linked. */
export function admitImport(s: State, imported: Import, items: readonly StagedItem[], plan: ImportPlan): void {
  const shards = shardsOf(s, items, plan);
  const base = s.disbursements.count;
  for (const [node, index] of plan.fresh.entries()) {
    const item = items[index] as StagedItem;
    const n = s.disbursements.add({
      ...item,
      import: imported.number,
      index,
      shard: shards[node] as number,
      slot: s.tree.newSlot(),
    });
    admitted(s, n);
    if (item.reverses !== undefined) s.reversals.set(s.disbursements.find(item.reverses) as number, n);
  }
  imported.items = Uint32Array.from(items, (item, i) => plan.repeats[i] ?? (s.disbursements.find(item.id) as number));
  imported.activated = items.length;
  imported.least = items.reduce((least, { amount }) => (amount < least ? amount : least), plan.total);
  imported.most = items.reduce((most, { amount }) => (amount > most ? amount : most), 0n);
  imported.replayed = items.length - plan.fresh.length - plan.revised.length;
  imported.total = plan.total;
  for (const index of plan.revised) revise(s, plan.repeats[index] as number, items[index] as StagedItem, imported, index);
  s.sequence += 1;
  imported.sealedAt = s.sequence;
  for (const [node, index] of plan.fresh.entries()) link(s, base + node, (items[index] as StagedItem).dependsOn);
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

function shardsOf(s: State, items: readonly StagedItem[], plan: ImportPlan): Uint16Array {
  if (s.shards === 1) return new Uint16Array(plan.fresh.length);
  const nodeAt = new Map<number, number>(plan.fresh.map((place, node) => [place, node]));
  const nodes = plan.fresh.map((index) => {
    const { id, dependsOn } = items[index] as StagedItem;
    const needs: number[] = [];
    let known: number | undefined;
    for (const dependency of dependsOn) {
      const place = plan.placeOf.get(dependency);
      if (place !== undefined) needs.push(nodeAt.get(place) as number);
      else known ??= s.disbursements.shard[s.disbursements.find(dependency) as number];
    }
    return { id, needs, known };
  });
  return chooseShards(nodes, s.shards);
}
