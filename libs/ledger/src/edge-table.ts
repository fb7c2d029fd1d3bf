/** Ends a chain of edges. */
export const NO_EDGE = 0;

const grown = (old: Uint32Array): Uint32Array<ArrayBuffer> => {
  const larger = new Uint32Array(old.length * 2);
  larger.set(old);
  return larger;
};

/** Edges from a disbursement to its dependents, as chains: the table holds links, the disbursement holds its first and last. */
export class EdgeTable {
  #dependents = new Uint32Array(1024);
  #next = new Uint32Array(1024);
  #count = 1;

  /** @returns the new edge, behind `last` unless that is NO_EDGE. */
  add(dependent: number, last: number): number {
    if (this.#count === this.#next.length) {
      this.#dependents = grown(this.#dependents);
      this.#next = grown(this.#next);
    }
    const edge = this.#count;
    this.#count += 1;
    this.#dependents[edge] = dependent;
    if (last !== NO_EDGE) this.#next[last] = edge;
    return edge;
  }
  dependent(edge: number): number {
    return this.#dependents[edge] as number;
  }
  next(edge: number): number {
    return this.#next[edge] as number;
  }
}
