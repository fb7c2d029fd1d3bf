/** The chain that a run is about: keys, genesis, set, and what can be said of a message without any state. */
import { ed25519, type KeyPair, type SignatureScheme } from '@bursar/crypto';
import { genesisSet, type ValidatorSet, verifyCertificate } from '@bursar/membership';
import { checkMessage } from '@bursar/pbft';
import {
  type Certificate,
  chainId,
  type Digest,
  decode,
  encode,
  type Genesis,
  limits,
  type Message,
  message as messageCodec,
  type RejectionName,
  toHex,
} from '@bursar/protocol';
import { Violation } from '../oracle/violation.ts';
import type { Envelope } from './envelope.ts';
import { IdealSignatures } from './ideal-signatures.ts';
import { keyPairOf } from './keys.ts';

export const START = Date.UTC(2026, 0, 1);
export const BLOCK_INTERVAL_MS = 500;
export const VIEW_TIMEOUT_MS = 1000;

export class Chain {
  readonly keys: readonly KeyPair[];
  readonly scheme: SignatureScheme;
  readonly id: Digest;
  readonly time: number;
  readonly set: ValidatorSet;
  readonly #verdicts = new WeakMap<Message, { bad: RejectionName | undefined }>();
  readonly #certificates = new WeakMap<Certificate, boolean>();

  constructor(stakes: readonly number[], real: boolean) {
    this.keys = stakes.map((_, i) => keyPairOf(i));
    this.scheme = real ? ed25519 : new IdealSignatures();
    const genesis = makeGenesis(
      this.keys.map((k) => toHex(k.publicKey)),
      stakes,
    );
    this.id = chainId(genesis);
    this.time = genesis.time;
    this.set = genesisSet(genesis);
  }
  /** Gates 1 and 2, decided once per message: they depend on nothing else. */
  check(message: Message): RejectionName | undefined {
    const known = this.#verdicts.get(message);
    if (known !== undefined) return known.bad;
    const bad = checkMessage(this.set, this.id, message, this.scheme);
    this.#verdicts.set(message, { bad });
    return bad;
  }
  checkCertificate(c: Certificate): boolean {
    const known = this.#certificates.get(c);
    if (known !== undefined) return known;
    const valid = verifyCertificate(this.set, this.id, c, this.scheme) === undefined;
    this.#certificates.set(c, valid);
    return valid;
  }
}

/** As on a real wire: canonical bytes, at most 10 KiB, decoded anew for each receiver. */
export function throughBytes(envelope: Envelope): Envelope {
  if (envelope.kind !== 'message') return envelope;
  const bytes = encode(messageCodec, envelope.message);
  if (bytes.length > limits.consensusMessage) throw new Violation('message size', `A ${envelope.message.kind} of ${bytes.length} bytes.`);
  return { kind: 'message', message: decode(messageCodec, bytes) };
}

const makeGenesis = (publicKeys: readonly string[], stakes: readonly number[]): Genesis => ({
  version: 1,
  name: 'simulation',
  incarnation: 0,
  time: START - 10_000,
  currency: { code: 'SIM', exponent: 0 },
  validators: publicKeys.map((publicKey, i) => ({ name: `validator-${i}`, publicKey, stake: BigInt(stakes[i] ?? 1) })),
  accounts: [],
  treasuries: [],
  shards: 1,
  leaseMs: 5_000,
  blockIntervalMs: BLOCK_INTERVAL_MS,
  viewTimeoutMs: VIEW_TIMEOUT_MS,
});
