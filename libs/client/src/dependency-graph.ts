/** Dependencies among the payments of one import: cycles are found here, before anything is sent (Kahn, iterative). */

/**
 * Places so that each stands after those it depends on, otherwise in the order of the list; what waits for itself, or for one that does, is left out.
 * @param edges for each payment the places of those it depends on, all within the list
 */
export function dependenciesFirst(edges: readonly (readonly number[])[]): number[] {
  const open = edges.map((e) => e.length);
  const dependents: number[][] = edges.map(() => []);
  for (const [i, list] of edges.entries()) for (const d of list) dependents[d]?.push(i);
  const order = [...open.keys()].filter((i) => open[i] === 0);
  for (let at = 0; at < order.length; at++)
    for (const d of dependents[order[at] as number] ?? []) {
      open[d] = (open[d] ?? 0) - 1;
      if (open[d] === 0) order.push(d);
    }
  return order;
}

/**
 * The payments that can never be paid because they wait for one another, as one cycle in order: each waits for the next, the last
 * for the first. Undefined when there is none.
 * @param edges as above
 */
export function findCycle(edges: readonly (readonly number[])[]): number[] | undefined {
  const settled = new Set(dependenciesFirst(edges));
  if (settled.size === edges.length) return undefined;
  // Whoever is left waits for somebody who is left: following that must come round.
  const path: number[] = [];
  const seen = new Map<number, number>();
  let at = edges.findIndex((_, i) => !settled.has(i));
  while (!seen.has(at)) {
    seen.set(at, path.length);
    path.push(at);
    at = edges[at]?.find((d) => !settled.has(d)) ?? at;
  }
  return path.slice(seen.get(at));
}
