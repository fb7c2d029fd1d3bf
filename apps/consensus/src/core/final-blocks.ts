/** Final blocks as they travel between validators: packing, and the checks of whoever receives one (K7). */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Verifier } from '@bursar/crypto';
import { isFinalKind, type ValidatorSet, verifyCertificate } from '@bursar/membership';
import {
  type Block,
  batchDigest,
  batchRefsDigest,
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

export interface CheckedFinal {
  readonly block: Block;
  readonly certificate: Certificate;
  /** Canonical batches in the order of the references; their digests were compared. */
  readonly batches: readonly Uint8Array[];
}

export const packFinalBlock = (block: Block, certificate: Certificate, batches: readonly Uint8Array[]): Uint8Array =>
  toBinary(
    wire.FinalBlockSchema,
    create(wire.FinalBlockSchema, {
      block: encode(blockCodec, block),
      certificate: encode(certificateCodec, certificate),
      batches: [...batches],
    }),
  );

/** Total: undefined unless it is the block of that height, certified as final on this chain, with the bodies that it names. */
export function unpackFinalBlock(
  bytes: Uint8Array,
  height: number,
  chain: Digest,
  set: ValidatorSet,
  verifier: Verifier,
): CheckedFinal | undefined {
  try {
    const message = fromBinary(wire.FinalBlockSchema, bytes);
    const block = decode(blockCodec, message.block);
    const certificate = decode(certificateCodec, message.certificate);
    if (block.header.height !== height || batchRefsDigest(block.batches) !== block.header.batches) return undefined;
    if (!certifies(certificate, block.header, chain, set, verifier)) return undefined;
    if (message.batches.length !== block.batches.length) return undefined;
    const batches = message.batches.map((b) => new Uint8Array(b));
    if (batches.some((b, i) => batchDigest(b) !== block.batches[i]?.digest)) return undefined;
    return { block, certificate, batches };
  } catch {
    return undefined;
  }
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
