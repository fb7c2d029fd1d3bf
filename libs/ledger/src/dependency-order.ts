/**
 * Kahn's algorithm without recursion over n nodes; `dependsOn[i]` lists the nodes that node i needs.
 * @returns a node on a cycle, or undefined if there is none.
 */
export function findCycle(dependsOn: readonly (readonly number[])[]): number | undefined {
  const count = dependsOn.length;
  const open = new Uint32Array(count);
  const starts = new Uint32Array(count + 1);
  for (const [node, needs] of dependsOn.entries()) {
    open[node] = needs.length;
    for (const needed of needs) (starts[needed + 1] as number) += 1;
  }
  for (let i = 0; i < count; i += 1) (starts[i + 1] as number) += starts[i] as number;
  const dependents = new Uint32Array(starts[count] as number);
  const fill = starts.slice();
  for (const [node, needs] of dependsOn.entries()) {
    for (const needed of needs) {
      dependents[fill[needed] as number] = node;
      (fill[needed] as number) += 1;
    }
  }
  const free: number[] = [];
  for (let node = 0; node < count; node += 1) if (open[node] === 0) free.push(node);
  let done = 0;
  for (; done < free.length; done += 1) {
    const node = free[done] as number;
    for (let e = starts[node] as number; e < (starts[node + 1] as number); e += 1) {
      const dependent = dependents[e] as number;
      (open[dependent] as number) -= 1;
      if (open[dependent] === 0) free.push(dependent);
    }
  }
  return done === count ? undefined : walkToCycle(dependsOn, open);
}

/** What is left is on a cycle or behind one: following any open dependency back leads onto it. */
function walkToCycle(dependsOn: readonly (readonly number[])[], open: Uint32Array): number {
  const seen = new Uint8Array(open.length);
  let node = open.findIndex((left) => left > 0);
  while (seen[node] === 0) {
    seen[node] = 1;
    node = (dependsOn[node] as readonly number[]).find((needed) => (open[needed] as number) > 0) as number;
  }
  return node;
}
