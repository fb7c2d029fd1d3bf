/** Final blocks as they travel between validators: packing, and what can be said of them before storage has checked them (K7). */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Verifier } from '@bursar/crypto';
import { isFinalKind, type ValidatorSet, verifyCertificate } from '@bursar/membership';
import {
  type Block,
  batchDigest,
  block as blockCodec,
  type Certificate,
  certificate as certificateCodec,
  type Digest,
  decode,
  encode,
  type Header,
  header as headerCodec,
  headerDigest,
} from '@bursar/protocol';
import { wire } from '@bursar/protocol/rpc';

/** A final block with its bodies, as canonical bytes. */
export interface PackedFinal {
  readonly block: Uint8Array;
  readonly certificate: Uint8Array;
  /** In the order of the references. */
  readonly batches: readonly Uint8Array[];
}
/** As a peer gave it: readable, and nothing more is known of it before storage has checked it. */
export interface FetchedFinal extends PackedFinal {
  readonly decoded: Block;
}
export interface FetchedRun {
  /** Of consecutive heights, at least one. */
  readonly blocks: readonly FetchedFinal[];
  /** How far the peer says that it is. */
  readonly newest: number;
}

export const packFinalBlocks = (blocks: readonly PackedFinal[], newest: number): Uint8Array =>
  toBinary(
    wire.FinalBlocksSchema,
    create(wire.FinalBlocksSchema, {
      blocks: blocks.map(({ block, certificate, batches }) => create(wire.FinalBlockSchema, { block, certificate, batches: [...batches] })),
      newest: BigInt(newest),
    }),
  );

/** Total: undefined unless these are blocks of consecutive heights from `from` to at most `to`, by their form. */
export function unpackFinalBlocks(bytes: Uint8Array, from: number, to: number): FetchedRun | undefined {
  try {
    const { blocks, newest } = fromBinary(wire.FinalBlocksSchema, bytes);
    if (blocks.length === 0 || from + blocks.length - 1 > to || newest > MAX_SAFE) return undefined;
    const run = blocks.map(({ block, certificate, batches }) => ({ block, certificate, batches, decoded: decode(blockCodec, block) }));
    return run.every(({ decoded }, i) => decoded.header.height === from + i) ? { blocks: run, newest: Number(newest) } : undefined;
  } catch {
    return undefined;
  }
}
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** The bodies of a block that is known, out of what a peer gave; undefined when they are not they. */
export function bodiesOf(block: Block, { decoded, batches }: FetchedFinal): readonly Uint8Array[] | undefined {
  const fits = headerDigest(decoded.header) === headerDigest(block.header) && batches.length === block.batches.length;
  const isRight = fits && batches.every((b, i) => batchDigest(b) === block.batches[i]?.digest);
  return isRight ? batches.map((b) => new Uint8Array(b)) : undefined; // not views: they would keep the whole answer
}

/** Whether this certificate makes this header final. */
export function certifies(certificate: Certificate, header: Header, chain: Digest, set: ValidatorSet, verifier: Verifier): boolean {
  return (
    header.chain === chain &&
    isFinalKind(certificate.kind) &&
    certificate.height === header.height &&
    certificate.digest === headerDigest(header) &&
    verifyCertificate(set, chain, certificate, verifier) === undefined
  );
}

export const packNotice = (header: Header, certificate: Certificate): Uint8Array =>
  toBinary(
    wire.FinalNoticeSchema,
    create(wire.FinalNoticeSchema, { header: encode(headerCodec, header), certificate: encode(certificateCodec, certificate) }),
  );

/** Total: what the notice claims; whether it is true is for `certifies`. */
export function unpackNotice(bytes: Uint8Array): { readonly header: Header; readonly certificate: Certificate } | undefined {
  try {
    const message = fromBinary(wire.FinalNoticeSchema, bytes);
    return { header: decode(headerCodec, message.header), certificate: decode(certificateCodec, message.certificate) };
  } catch {
    return undefined;
  }
}
