/** Accounts in ISO 20022: an identification holds 34 characters, an account of ours has 62. */
import { type AccountId, formatAccount, parseAccount } from '@bursar/protocol';

/** An account, and the payee of the directory whose account it is, as of a version. */
export interface KnownPayee {
  readonly account: AccountId;
  readonly payee?: { readonly name: string; readonly version: number };
}
/** What an IBAN or another identification stands for; undefined when nothing is known of it. */
export type ResolveAccount = (reference: string) => KnownPayee | undefined;

/** Characters of `Othr/Id` by its schema. */
const ID_LENGTH = 34;

/** As we write an account: the beginning as identification, the whole as the account's name. */
export const accountParts = (account: AccountId): { readonly id: string; readonly name: string } => {
  const name = formatAccount(account);
  return { id: name.slice(0, ID_LENGTH), name };
};

export type FoundAccount = (KnownPayee & { readonly byName: boolean }) | { readonly wrong: 'contradiction' | 'unknown' };

/**
 * `Othr/Id` is the whole account, or its first 34 characters with the whole one as `Nm`, or a reference that `resolve` knows. What is
 * said twice must be the same account. `byName`: the name was an account.
 */
export function findAccount(id: string, name: string | undefined, resolve: ResolveAccount): FoundAccount {
  const named = name === undefined ? undefined : parseAccount(name);
  const whole = parseAccount(id);
  const meant = whole === undefined ? resolve(id) : { account: whole };
  if (named === undefined) return meant ? { ...meant, byName: false } : { wrong: 'unknown' };
  if (meant?.account === named) return { ...meant, byName: true };
  if (!meant && accountParts(named).id === id.toLowerCase()) return { account: named, byName: true };
  return { wrong: 'contradiction' };
}

/** ISO 13616 form and check digits (ISO 7064, mod 97-10). */
export function isIban(text: string): boolean {
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(text)) return false;
  const digits = [...text.slice(4), ...text.slice(0, 4)].map((c) => Number.parseInt(c, 36)).join('');
  return BigInt(digits) % 97n === 1n;
}
