/** What a quorum vouches for: a header of the chain, and the results of the block below it (docs/protocol.md, "Offline proof"). */
import { ed25519 } from '@bursar/crypto';
import { fromBitmap, genesisSet, isFinalKind, verifyCertificate } from '@bursar/membership';
import { verifyProof } from '@bursar/merkle';
import {
  certificate,
  fromHex,
  type Genesis,
  type Header,
  header,
  headerDigest,
  type Result,
  rejections,
  result,
  resultLeaf,
} from '@bursar/protocol';
import type { InclusionFields } from './payment-proof.ts';
import { holds, read } from './proof-links.ts';

/** Canonical bytes of a header and of the commit certificate over it. */
export interface CertifiedBytes {
  readonly header: Uint8Array;
  readonly certificate: Uint8Array;
}
export interface CertifiedHeader {
  readonly head: Header;
  /** Names of the validators that signed. */
  readonly signers: readonly string[];
  readonly signedStake: bigint;
  readonly totalStake: bigint;
}

/**
 * A quorum of the genesis' validators signed this header of this chain.
 * @throws Broken @throws BadGenesis when the genesis has keys that cannot be
 */
export function certifiedHeader(bytes: CertifiedBytes, genesis: Genesis, chain: string): CertifiedHeader {
  const head = read(header, bytes.header, 'header', 'the header');
  holds(head.version === 1, 'header', `the header has version ${head.version}; this program knows version 1`);
  holds(head.chain === chain, 'header', 'the header belongs to another chain');
  const cert = read(certificate, bytes.certificate, 'certificate', 'the certificate');
  const set = genesisSet(genesis);
  holds(isFinalKind(cert.kind), 'certificate', 'the certificate does not make a block final');
  holds(cert.chain === chain, 'certificate', 'the certificate belongs to another chain');
  holds(
    cert.height === head.height && cert.epoch === head.epoch && head.epoch === set.epoch,
    'certificate',
    'the certificate is for another height or epoch than the header',
  );
  holds(cert.digest === headerDigest(head), 'certificate', 'the certificate is for another header');
  const refused = verifyCertificate(set, chain, cert, ed25519);
  holds(refused === undefined, 'certificate', refused ? `the certificate does not hold (${refused}): ${rejections[refused].reason}` : '');
  const signed = new Set(fromBitmap(cert.signers, set.validators.length));
  const signing = set.validators.filter((v) => signed.has(v.index));
  return { head, signers: signing.map((v) => v.name), signedStake: signing.reduce((sum, v) => sum + v.stake, 0n), totalStake: set.total };
}

/** The leaf stands under the results root of that header, and is of the block below it. @throws Broken */
export function provenResult({ leaf, index, count, path }: { readonly leaf: Uint8Array } & InclusionFields, head: Header): Result {
  const found = read(result, leaf, 'receipt', 'the receipt');
  const claim = { root: fromHex(head.resultsRoot), leaf: resultLeaf(found), index, leafCount: count, path };
  holds(verifyProof(claim), 'receipt', 'the receipt does not stand under the results root of the certified header');
  // An executeBatch that came again has its first result again, of its first height: that one is proved there.
  holds(
    found.height + 1 === head.height,
    'receipt',
    `the receipt is of height ${found.height}, the header above it of height ${head.height}`,
  );
  return found;
}
