/** A verifier that remembers what was valid: a certificate is mostly made of votes that came before. Only successes are kept. */
import type { SignedMessage, Verifier } from '@bursar/crypto';

export interface MemoVerifier extends Verifier {
  isKnown(s: SignedMessage): boolean;
  /** It was verified elsewhere. */
  remember(s: SignedMessage): void;
}

export function memoVerifier(inner: Verifier, max: number): MemoVerifier {
  const valid = new Set<string>();
  const keyOf = ({ publicKey, message, signature }: SignedMessage): string | undefined =>
    publicKey.length === 32 && message.length === 32 && signature.length === 64
      ? Buffer.concat([signature, message, publicKey]).toString('latin1')
      : undefined;
  const keep = (key: string) => {
    valid.add(key);
    if (valid.size <= max) return;
    for (const oldest of valid) {
      valid.delete(oldest);
      break;
    }
  };
  return {
    isKnown(s) {
      const key = keyOf(s);
      return key !== undefined && valid.has(key);
    },
    remember(s) {
      const key = keyOf(s);
      if (key !== undefined) keep(key);
    },
    verify(publicKey, message, signature) {
      const key = keyOf({ publicKey, message, signature });
      if (key !== undefined && valid.has(key)) return true;
      if (!inner.verify(publicKey, message, signature)) return false;
      if (key !== undefined) keep(key);
      return true;
    },
  };
}
