/** Signatures: ed25519 on libsodium, and the port that every part of the system signs and verifies through. */
import { sign } from './ed25519-sign.ts';
import { verify } from './ed25519-verify.ts';
import type { SignatureScheme } from './signature-scheme.ts';

export { type KeyPair, keyPairFromSeed, SECRET_KEY_BYTES, SEED_BYTES, sign, wipe } from './ed25519-sign.ts';
export { isAcceptablePublicKey, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, verify, verifyMany } from './ed25519-verify.ts';
export type { SignatureScheme, SignedMessage, Signer, Verifier } from './signature-scheme.ts';

/** The real scheme behind the port. */
export const ed25519: SignatureScheme = { sign, verify };
