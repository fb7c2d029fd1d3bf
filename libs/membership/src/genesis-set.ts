import { isAcceptablePublicKey } from '@bursar/crypto';
import { BadGenesis, digestOf, fromHex, type Genesis, hex32, limits, list, struct, text, u32, u64 } from '@bursar/protocol';
import type { ValidatorSet } from './validator-set.ts';

/** What the hash of a set covers; the place of a validator in the list is its index. */
const validatorSetCodec = struct({
  epoch: u32,
  validators: list(struct({ name: text(64), publicKey: hex32, stake: u64 }), limits.validators),
});

/**
 * The set of epoch 0: the validators of the genesis in their order there. Stakes are base units.
 *
 * @throws BadGenesis when a key cannot be registered: under keys of small or mixed order, implementations disagree about signatures.
 */
export function genesisSet(genesis: Genesis): ValidatorSet {
  const bad = genesis.validators.filter((v) => !isAcceptablePublicKey(fromHex(v.publicKey)));
  if (bad.length > 0)
    throw new BadGenesis(bad.map((v) => `validator ${v.name}: public key ${v.publicKey} is not of ed25519's main subgroup`));
  const validators = genesis.validators.map((v, index) => ({ index, name: v.name, publicKey: v.publicKey, stake: v.stake }));
  const total = validators.reduce((sum, v) => sum + v.stake, 0n);
  const faulty = (total - 1n) / 3n; // K1: f = floor((W − 1) / 3)
  return {
    epoch: 0,
    validators,
    total,
    faulty,
    quorum: total - faulty, // K1: 2f + 1 would allow two disjoint quorums at n = 3f + 3
    hash: digestOf('bursar/validator-set', validatorSetCodec, { epoch: 0, validators }),
  };
}
