/** What one person stops and several let go: a payment, a whole treasury. */
import { buildHold, buildPause, buildRelease, buildResume, type ClientKey, type Settled } from '@bursar/client';
import { type Digest, fromHex } from '@bursar/protocol';
import { author, paymentOf } from './pay.ts';
import { type Session, settleOwn } from './session.ts';

/** @throws HoldNumberStale when somebody else held it meanwhile */
export async function hold(session: Session, key: ClientKey, id: Digest): Promise<Settled> {
  const { holdNumber } = await paymentOf(session, id);
  return settleOwn(session, key, (nonce) => buildHold(author(session, key, nonce), session.treasury.id, id, holdNumber + 1));
}

export async function release(session: Session, key: ClientKey, id: Digest): Promise<Settled> {
  const { holdNumber } = await paymentOf(session, id);
  return settleOwn(session, key, (nonce) => buildRelease(author(session, key, nonce), session.treasury.id, id, holdNumber));
}

const pausesSoFar = async ({ connection, treasury }: Session): Promise<number> =>
  (await connection.read((l) => l.getTreasury({ treasury: fromHex(treasury.id) }))).pauseNumber;

/** @returns the number of the pause. @throws Paused, PauseNumberStale */
export async function pause(session: Session, key: ClientKey): Promise<number> {
  const number = (await pausesSoFar(session)) + 1;
  await settleOwn(session, key, (nonce) => buildPause(author(session, key, nonce), session.treasury.id, number));
  return number;
}
export async function resume(session: Session, key: ClientKey): Promise<void> {
  const number = await pausesSoFar(session);
  await settleOwn(session, key, (nonce) => buildResume(author(session, key, nonce), session.treasury.id, number));
}
