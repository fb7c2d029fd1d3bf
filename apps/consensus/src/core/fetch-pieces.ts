/** Large things between validators: asked for by name, answered in pieces of at most 256 KiB, checked by whoever asked. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { MAX_BLOCK_BYTES } from '@bursar/pbft';
import { type Digest, fromHex, limits, toHex } from '@bursar/protocol';
import { wire } from '@bursar/protocol/rpc';

export type Want =
  /** As many from the first on as fit into a piece, at least one. */
  | { readonly kind: 'final-blocks'; readonly from: number; readonly to: number }
  | { readonly kind: 'block'; readonly digest: Digest }
  | { readonly kind: 'batch'; readonly digest: Digest }
  | { readonly kind: 'view-change'; readonly height: number; readonly view: number; readonly validator: number; readonly digest: Digest };

export const PIECE_BYTES = 256 * 1024;
/** Most that an answer may have, by kind: whoever sends more is not read to the end. */
export const MAX_BYTES: Readonly<Record<Want['kind'], number>> = {
  'final-blocks': MAX_BLOCK_BYTES + 64 * 1024,
  block: 48 * 1024,
  batch: limits.batch + 1024,
  'view-change': 64 * 1024,
};
/** Longest request that is looked at. */
const REQUEST_BYTES = 256;

export function packRequest(want: Want, offset: number): Uint8Array {
  const wanted = (): wire.FetchRequest['want'] => {
    switch (want.kind) {
      case 'final-blocks':
        return {
          case: 'finalBlocks',
          value: create(wire.FetchRequest_HeightRangeSchema, { from: BigInt(want.from), to: BigInt(want.to) }),
        };
      case 'block':
      case 'batch':
        return { case: want.kind, value: fromHex(want.digest) };
      case 'view-change': {
        const { height, view, validator, digest } = want;
        const value = create(wire.FetchRequest_SignedContentSchema, {
          height: BigInt(height),
          view: BigInt(view),
          validator,
          digest: fromHex(digest),
        });
        return { case: 'viewChange', value };
      }
    }
  };
  return toBinary(wire.FetchRequestSchema, create(wire.FetchRequestSchema, { want: wanted(), offset }));
}

/** Total: undefined for what is no request. */
export function unpackRequest(bytes: Uint8Array): { readonly want: Want; readonly offset: number } | undefined {
  if (bytes.length > REQUEST_BYTES) return undefined;
  try {
    const { want, offset } = fromBinary(wire.FetchRequestSchema, bytes);
    switch (want.case) {
      case 'finalBlocks': {
        const { from, to } = want.value;
        return from < 1n || to < from || to > MAX_SAFE
          ? undefined
          : { want: { kind: 'final-blocks', from: Number(from), to: Number(to) }, offset };
      }
      case 'block':
      case 'batch':
        return want.value.length === 32 ? { want: { kind: want.case, digest: toHex(want.value) }, offset } : undefined;
      case 'viewChange': {
        const { height, view, validator, digest } = want.value;
        if (height > MAX_SAFE || view > MAX_SAFE || digest.length !== 32 || validator >= limits.validators) return undefined;
        return { want: { kind: 'view-change', height: Number(height), view: Number(view), validator, digest: toHex(digest) }, offset };
      }
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** The piece of `whole` that begins at `offset`; `undefined` says that it is not here. */
export function packPiece(whole: Uint8Array | undefined, offset: number): Uint8Array {
  const found = whole !== undefined && offset <= whole.length;
  const piece = found ? whole.subarray(offset, offset + PIECE_BYTES) : new Uint8Array();
  return toBinary(wire.FetchResponseSchema, create(wire.FetchResponseSchema, { found, total: whole?.length ?? 0, piece }));
}

/** Puts pieces together; total, whatever a peer answers. */
export class Assembly {
  readonly #maxBytes: number;
  #whole: Uint8Array | undefined;
  #at = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }
  /** Where the next piece begins. */
  get offset(): number {
    return this.#at;
  }
  /** Every piece but the last is of full length. @returns 'more', 'missing' (the peer has it not), 'wrong' (nonsense), or the whole. */
  add(response: Uint8Array): 'more' | 'missing' | 'wrong' | Uint8Array {
    if (response.length > PIECE_BYTES + 64) return 'wrong';
    try {
      const { found, total, piece } = fromBinary(wire.FetchResponseSchema, response);
      if (!found && this.#whole === undefined) return 'missing';
      if (!found || total === 0 || total > this.#maxBytes) return 'wrong';
      this.#whole ??= new Uint8Array(total);
      if (this.#whole.length !== total || piece.length !== Math.min(PIECE_BYTES, total - this.#at)) return 'wrong';
      this.#whole.set(piece, this.#at);
      this.#at += piece.length;
      return this.#at === total ? this.#whole : 'more';
    } catch {
      return 'wrong';
    }
  }
}
