/** Account ids as people write them: bech32m (BIP 350) with the prefix `bur`, so that a mistyped character is noticed. */
import { bech32m } from '@scure/base';
import { type Hex32, toHex } from './hex.ts';

/** A 32-byte account id: an ed25519 public key, or the hash of something that no key signs for. */
export type AccountId = Hex32;

export const formatAccount = (id: AccountId): string => bech32m.encode('bur', bech32m.toWords(Buffer.from(id, 'hex')));

/** @returns undefined unless `text` is a well-formed account with a right checksum. */
export function parseAccount(text: string): AccountId | undefined {
  const found = bech32m.decodeUnsafe(text);
  if (found?.prefix !== 'bur') return undefined;
  const raw = bech32m.fromWordsUnsafe(found.words);
  return raw?.length === 32 ? toHex(raw) : undefined;
}
