import type { Hex32 } from '@bursar/protocol';

/** One new item as the choice of shards sees it. */
export interface ShardNode {
  readonly id: Hex32;
  /** Other new items that it needs, by place. */
  readonly needs: readonly number[];
  /** The shard of a disbursement of an earlier import that it needs, if there is one. */
  readonly known: number | undefined;
}

/**
 * Items that depend on one another share a shard: that of the first earlier disbursement they hang on, else one drawn by the id
 * of their first item. Union-find by smallest place, without recursion.
 */
export function chooseShards(nodes: readonly ShardNode[], shards: number): Uint16Array {
  const chosen = new Uint16Array(nodes.length);
  if (shards === 1) return chosen;
  const parent = Uint32Array.from(nodes, (_, i) => i);
  const rootOf = (of: number): number => {
    let node = of;
    while (parent[node] !== node) {
      parent[node] = parent[parent[node] as number] as number;
      node = parent[node] as number;
    }
    return node;
  };
  for (const [i, { needs }] of nodes.entries()) {
    for (const needed of needs) {
      const a = rootOf(i);
      const b = rootOf(needed);
      parent[Math.max(a, b)] = Math.min(a, b);
    }
  }
  const known = new Map<number, number>();
  for (const [i, node] of nodes.entries()) {
    const root = rootOf(i);
    if (node.known !== undefined && !known.has(root)) known.set(root, node.known);
  }
  for (const i of nodes.keys()) {
    const root = rootOf(i);
    chosen[i] = known.get(root) ?? Number.parseInt((nodes[root] as ShardNode).id.slice(0, 8), 16) % shards;
  }
  return chosen;
}
