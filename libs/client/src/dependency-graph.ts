/** Dependencies among the payments of one import: cycles are found here, before anything is sent (Kahn, iterative). */

/**
 * The payments that can never be paid because they wait for one another, as one cycle in order: each waits for the next, the last
 * for the first. Undefined when there is none.
 * @param edges for each payment the places of those it depends on, all within the list
 */
export function findCycle(edges: readonly (readonly number[])[]): number[] | undefined {
  const open = edges.map((e) => e.length);
  const dependents: number[][] = edges.map(() => []);
  for (const [i, list] of edges.entries()) for (const d of list) dependents[d]?.push(i);
  const free = [...open.keys()].filter((i) => open[i] === 0);
  let settled = 0;
  for (let i = free.pop(); i !== undefined; i = free.pop()) {
    settled += 1;
    for (const d of dependents[i] ?? []) {
      open[d] = (open[d] ?? 0) - 1;
      if (open[d] === 0) free.push(d);
    }
  }
  if (settled === edges.length) return undefined;
  // Whoever is left waits for somebody who is left: following that must come round.
  const path: number[] = [];
  const seen = new Map<number, number>();
  let at = open.findIndex((n) => n > 0);
  while (!seen.has(at)) {
    seen.set(at, path.length);
    path.push(at);
    at = edges[at]?.find((d) => (open[d] ?? 0) > 0) ?? at;
  }
  return path.slice(seen.get(at));
}
