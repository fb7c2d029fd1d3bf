/** Bearer tokens: compared in constant time, whatever the caller sends. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../config-spec.ts';
import { rejection } from '../errors.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const textOf = (token: Secret | string): string => (typeof token === 'string' ? token : token.reveal());

/** A check for the `authorization` header. @throws Unauthenticated */
export function bearerCheck(token: Secret | string): (header: string | undefined) => void {
  const wanted = digest(`Bearer ${textOf(token)}`);
  return (header) => {
    if (!timingSafeEqual(wanted, digest(header ?? '')))
      throw rejection('Unauthenticated', header ? 'the bearer token is wrong' : 'the call carries no bearer token');
  };
}

export const bearerHeader = (token: Secret | string): string => `Bearer ${textOf(token)}`;
