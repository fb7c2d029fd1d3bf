/** The last executed blocks with their bodies: what peers that are a little behind ask for, without a trip to storage. */
import { block as blockCodec, certificate as certificateCodec, type Digest, encode } from '@bursar/protocol';
import type { FinalBlock } from '../ports.ts';
import type { Body } from './body-store.ts';
import { PIECE_BYTES } from './fetch-pieces.ts';
import { type PackedFinal, packFinalBlocks } from './final-blocks.ts';

export class RecentBlocks {
  readonly #max: number;
  readonly #blocks = new Map<number, FinalBlock & { readonly bodies: readonly Body[] }>();
  readonly #packed = new Map<number, { readonly to: number; readonly bytes: Uint8Array }>();
  #newest: FinalBlock | undefined;

  /** @param newest out of storage, at start */
  constructor(max: number, newest: FinalBlock | undefined) {
    this.#max = max;
    this.#newest = newest;
  }
  get newest(): FinalBlock | undefined {
    return this.#newest;
  }

  /** Storage has gone on to this one without us: its bodies are not here. */
  skipTo(newest: FinalBlock): void {
    this.#newest = newest;
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

  /**
   * Blocks of these heights as they travel; `load` asks storage for what is not here. One large block is asked for piece by piece: what was
   * packed is kept a while.
   */
  async packed(from: number, to: number, load: () => Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
    const known = this.#packed.get(from);
    if (known && known.to === to) return known.bytes;
    const bytes = this.#blocks.has(from) ? packFinalBlocks(this.#from(from, to), this.#newest?.block.header.height ?? 0) : await load();
    if (bytes && bytes.length > PIECE_BYTES) {
      this.#packed.set(from, { to, bytes });
      trim(this.#packed, this.#max);
    }
    return bytes;
  }

  /** As many as fit into a piece, at least one. */
  #from(from: number, to: number): PackedFinal[] {
    const found: PackedFinal[] = [];
    let bytes = 0;
    for (let height = from; height <= to; height++) {
      const recent = this.#blocks.get(height);
      if (!recent) break;
      const packed = {
        block: encode(blockCodec, recent.block),
        certificate: encode(certificateCodec, recent.certificate),
        batches: recent.bodies.map((b) => b.encoded),
      };
      bytes += bytesOf(packed);
      if (found.length > 0 && bytes > RUN_BYTES) break;
      found.push(packed);
    }
    return found;
  }
}

/** What a run may have beside the wrapping of its parts, for one piece. */
export const RUN_BYTES = PIECE_BYTES - 4_096;
/** With the wrapping. */
const bytesOf = ({ block, certificate, batches }: PackedFinal): number =>
  batches.reduce((sum, b) => sum + b.length + 8, block.length + certificate.length + 32);

function trim<V>(map: Map<number, V>, max: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= max) return;
    map.delete(oldest);
  }
}
