/** The last executed blocks with their bodies: what peers that are a little behind ask for, without a trip to storage. */
import type { Digest } from '@bursar/protocol';
import type { FinalBlock } from '../ports.ts';
import type { Body } from './body-store.ts';
import { packFinalBlock } from './final-blocks.ts';

export class RecentBlocks {
  readonly #max: number;
  readonly #blocks = new Map<number, FinalBlock & { readonly bodies: readonly Body[] }>();
  readonly #packed = new Map<number, Uint8Array>();
  #newest: FinalBlock | undefined;

  /** @param newest out of storage, at start */
  constructor(max: number, newest: FinalBlock | undefined) {
    this.#max = max;
    this.#newest = newest;
  }
  get newest(): FinalBlock | undefined {
    return this.#newest;
  }

  add(final: FinalBlock, bodies: readonly Body[]): void {
    this.#newest = final;
    this.#blocks.set(final.block.header.height, { ...final, bodies });
    trim(this.#blocks, this.#max);
  }
  /** A body of a recent block. */
  findBody(digest: Digest): Body | undefined {
    for (const { bodies } of this.#blocks.values()) for (const body of bodies) if (body.ref.digest === digest) return body;
    return undefined;
  }

  /** As it travels; `load` asks storage for what is not here. Packed ones are kept a while: a peer asks once for each piece. */
  async packed(height: number, load: (height: number) => Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
    const known = this.#packed.get(height);
    if (known) return known;
    const recent = this.#blocks.get(height);
    const encoded = recent?.bodies.map((b) => b.encoded);
    const packed = recent && encoded ? packFinalBlock(recent.block, recent.certificate, encoded) : await load(height);
    if (packed) this.#packed.set(height, packed);
    trim(this.#packed, this.#max);
    return packed;
  }
}

function trim<V>(map: Map<number, V>, max: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= max) return;
    map.delete(oldest);
  }
}
