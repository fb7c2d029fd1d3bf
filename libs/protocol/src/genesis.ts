/** Genesis: everything that every process must agree on before the first block. Its digest is the chain id. */
import type { Decoded } from './codec.ts';
import { hex32, list, struct, text, u8, u16, u32, u64, uint } from './codecs.ts';
import { digest, digestOf } from './hash.ts';
import type { Digest } from './hex.ts';
import { limits } from './limits.ts';
import { treasuryPolicy } from './treasury-policy.ts';

export const genesisValidator = struct({ name: text(64), publicKey: hex32, stake: u64 });
export const genesisAccount = struct({ id: hex32, balance: u64 });
export const genesisCodec = struct({
  version: u16,
  name: text(64),
  /** Raised when more than a third of the stake was restored from backups at once: a new chain id for the new network. */
  incarnation: u32,
  /** Ledger time of height 0, milliseconds since 1970. */
  time: uint,
  currency: struct({ code: text(12), exponent: u8 }),
  validators: list(genesisValidator, limits.validators),
  accounts: list(genesisAccount, 10_000),
  treasuries: list(treasuryPolicy, 16),
  shards: u16,
  leaseMs: uint,
  blockIntervalMs: uint,
  viewTimeoutMs: uint,
});
export type Genesis = Decoded<typeof genesisCodec>;

export const chainId = (genesis: Genesis): Digest => digestOf('bursar/genesis', genesisCodec, genesis);

const utf8 = new TextEncoder();
export const treasuryId = (name: string): Digest => digest('bursar/treasury', utf8.encode(name));
/** The account that a treasury pays from: the hash of its id, so that no key can ever sign for it. */
export const treasuryAccount = (id: Digest): Digest => digest('bursar/treasury-account', Buffer.from(id, 'hex'));
