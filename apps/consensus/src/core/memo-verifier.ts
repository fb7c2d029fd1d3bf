/** A verifier that remembers what was valid: a certificate is mostly made of votes that came before. Only successes are kept. */
import type { Verifier } from '@bursar/crypto';

export function memoVerifier(inner: Verifier, max: number): Verifier {
  const valid = new Set<string>();
  return {
    verify(publicKey, message, signature) {
      if (publicKey.length !== 32 || message.length !== 32 || signature.length !== 64) return inner.verify(publicKey, message, signature);
      const key = Buffer.concat([signature, message, publicKey]).toString('latin1');
      if (valid.has(key)) return true;
      if (!inner.verify(publicKey, message, signature)) return false;
      valid.add(key);
      if (valid.size > max)
        for (const oldest of valid) {
          valid.delete(oldest);
          break;
        }
      return true;
    },
  };
}
