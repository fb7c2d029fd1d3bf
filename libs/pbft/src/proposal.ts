import { type Block, block, type Certificate, certificate, optional, struct } from '@bursar/protocol';

/** A proposed block with the certificate of the height before that its header names (absent at height 1): what peers fetch by the block's digest. */
export interface Proposal {
  readonly block: Block;
  readonly certificate: Certificate | undefined;
}
/** Its canonical bytes. */
export const proposalCodec = struct({ block, certificate: optional(certificate) });
