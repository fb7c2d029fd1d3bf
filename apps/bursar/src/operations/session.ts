/** What every command needs to talk to a network: its genesis, its validators and one treasury. */
import { readFileSync } from 'node:fs';
import {
  type ClientKey,
  type Connection,
  connect,
  type Settled,
  type Signed,
  settle,
  signTransaction,
  type Unsigned,
} from '@bursar/client';
import {
  BadGenesis,
  type Digest,
  decode,
  fromHex,
  type Genesis,
  isHex32,
  type NumberedPolicy,
  numberedPolicy,
  parseGenesis,
  treasuryId,
} from '@bursar/protocol';
import { errorFrom, messageOf, rejection } from '@bursar/shared-core';
import { layout } from '../devnet/layout.ts';
import { type NetworkFile, readNetworkFile, validatorAddresses } from '../devnet/network-file.ts';
import { usage } from '../errors.ts';

export interface Session {
  readonly chain: Digest;
  readonly genesis: Genesis;
  readonly treasury: { readonly id: Digest; readonly name: string };
  readonly connection: Connection;
}

/** @throws GenesisMismatch (exit 78) with every problem of the file */
export function readGenesis(path: string): { genesis: Genesis; chain: Digest } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (e) {
    throw usage(`cannot read the genesis ${path}: ${messageOf(e)}`, 'Give the path of the genesis file that the operators published.');
  }
  try {
    return parseGenesis(text);
  } catch (e) {
    if (!(e instanceof BadGenesis)) throw e;
    const violations = e.problems.map((p) => ({ field: path, description: p }));
    throw rejection('GenesisMismatch', `${path} is no genesis`, { violations, exitCode: 78 });
  }
}

/** Opens no socket before the first call. */
export function openSession(genesisFile: string, network: NetworkFile): Session {
  const { genesis, chain } = readGenesis(genesisFile);
  const name = genesis.treasuries[0]?.name ?? ''; // parseGenesis demands at least one
  if (network.chain !== chain)
    throw rejection('GenesisMismatch', `${genesisFile} makes chain ${chain}, the network runs chain ${network.chain}`, { exitCode: 78 });
  return { genesis, chain, treasury: { name, id: treasuryId(name) }, connection: connect(validatorAddresses(network)) };
}

/** Runs `fn` on the network of a folder and closes the connection whatever happens. */
export async function withSession<T>(dir: string, fn: (session: Session) => Promise<T>): Promise<T> {
  const session = openSession(layout(dir).genesis, readNetworkFile(dir));
  try {
    return await fn(session);
  } finally {
    session.connection.close();
  }
}

/** @throws UnknownAccount with the account named */
export async function nextNonce({ connection }: Session, account: string): Promise<bigint> {
  const { nextNonce: nonce } = await connection.read((l) => l.getAccount({ account: fromHex(account) }));
  return nonce;
}

/** The policy in force, from the validator that answers first. */
export async function policyOf({ connection, treasury }: Session): Promise<NumberedPolicy> {
  const { policy } = await connection.read((l) => l.getTreasury({ treasury: fromHex(treasury.id) }));
  return decode(numberedPolicy, policy);
}

/** A key has signed two things at once now and then (two programs, one key): the loser takes the next nonce and signs again. */
export async function settleOwn(
  session: Session,
  key: ClientKey,
  build: (nonce: bigint) => Unsigned,
): Promise<Settled & { readonly signed: Signed }> {
  for (let attempt = 1; ; attempt++) {
    const signed = signTransaction(key, build(await nextNonce(session, key.publicKey)));
    try {
      return { ...(await settle(session.connection, signed, { genesis: session.genesis })), signed };
    } catch (e) {
      // More validators than can lie have shown it: this nonce went to another transaction, and these bytes can never be executed.
      if (errorFrom(e).reason !== 'NONCE_TOO_LOW' || attempt >= 3) throw e;
    }
  }
}

/** @throws FieldInvalid (exit 64) unless the text is an id of 64 hexadecimal digits */
export function hexId(text: string, what: string): Digest {
  const isId: boolean = isHex32(text);
  if (!isId) throw usage(`"${text.slice(0, 80)}" is no ${what}`, `Give the ${what}: 64 lower-case hexadecimal digits.`);
  return text;
}
