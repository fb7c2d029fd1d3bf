/** The validator's key at rest: AES-256-GCM under a key that scrypt derives from the passphrase (S2). */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { type KeyPair, keyPairFromSeed, SEED_BYTES, wipe } from '@bursar/crypto';
import { fromHex, toHex } from '@bursar/protocol';
import { atomicCreateFile, rejection } from '@bursar/shared-core';

const KDF = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const;
const EXISTS = 'it exists already and is never overwritten';
const invalid = (path: string, why: string): never => {
  throw rejection('KeyFileInvalid', `The keystore ${path} cannot be used: ${why}.`, { exitCode: 78 });
};

interface Keystore {
  readonly version: 1;
  readonly kind: 'ed25519';
  readonly publicKey: string;
  readonly kdf: { readonly name: 'scrypt'; readonly salt: string; readonly N: number; readonly r: number; readonly p: number };
  readonly cipher: { readonly name: 'aes-256-gcm'; readonly nonce: string; readonly tag: string; readonly text: string };
}

const derive = (passphrase: string, salt: Uint8Array): Buffer => scryptSync(passphrase, salt, 32, KDF);

/** Makes a key and writes it, mode 0600. @returns the public key, hexadecimal. @throws KeyFileInvalid when the file exists */
export async function createKeystore(path: string, passphrase: string): Promise<string> {
  if (existsSync(path)) invalid(path, EXISTS);
  if (passphrase.length < 16) invalid(path, 'its passphrase has fewer than 16 characters');
  const seed = randomBytes(SEED_BYTES);
  const keys = keyPairFromSeed(seed);
  const publicKey = toHex(keys.publicKey);
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const key = derive(passphrase, salt);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(publicKey));
  const text = Buffer.concat([cipher.update(seed), cipher.final()]);
  for (const secret of [seed, keys.secretKey, key]) wipe(secret);
  const content: Keystore = {
    version: 1,
    kind: 'ed25519',
    publicKey,
    kdf: { name: 'scrypt', salt: toHex(salt), N: KDF.N, r: KDF.r, p: KDF.p },
    cipher: { name: 'aes-256-gcm', nonce: toHex(nonce), tag: toHex(cipher.getAuthTag()), text: toHex(text) },
  };
  const made = await atomicCreateFile(path, `${JSON.stringify(content, null, 2)}\n`);
  return made ? publicKey : invalid(path, EXISTS);
}

/** @throws KeyFileInvalid: missing, readable by others, damaged, or the passphrase is another's */
export function openKeystore(path: string, passphrase: string): KeyPair {
  const store = parseKeystore(path, readClosed(path));
  const key = derive(passphrase, fromHex(store.kdf.salt));
  let seed: Buffer | undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, fromHex(store.cipher.nonce), { authTagLength: 16 })
      .setAAD(Buffer.from(store.publicKey))
      .setAuthTag(fromHex(store.cipher.tag));
    seed = Buffer.concat([decipher.update(fromHex(store.cipher.text)), decipher.final()]);
  } catch {
    return invalid(path, 'the passphrase is wrong or the file was changed');
  } finally {
    wipe(key);
  }
  const keys = keyPairFromSeed(seed);
  wipe(seed);
  if (toHex(keys.publicKey) !== store.publicKey) invalid(path, 'its public key is not that of its secret');
  return keys;
}

function readClosed(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) return invalid(path, 'it is no file');
  if (stat.mode & 0o077) return invalid(path, 'it is open to other users (chmod 600)');
  if (stat.size > 65_536) return invalid(path, 'it is too large');
  return readFileSync(path, 'utf8');
}

/** The form of a keystore, before its passphrase is tried. @param path for messages @throws KeyFileInvalid */
export function parseKeystore(path: string, text: string): Keystore {
  const store = read(text);
  if (store === undefined) return invalid(path, 'it is damaged');
  const { version, kind, publicKey, kdf, cipher } = store;
  if (version !== 1 || kind !== 'ed25519' || kdf?.name !== 'scrypt' || cipher?.name !== 'aes-256-gcm')
    return invalid(path, 'it is of another kind or version');
  if (kdf.N !== KDF.N || kdf.r !== KDF.r || kdf.p !== KDF.p) return invalid(path, 'its scrypt parameters are not those of this version');
  const fields: [value: unknown, bytes: number][] = [
    [publicKey, 32],
    [kdf.salt, 16],
    [cipher.nonce, 12],
    [cipher.tag, 16],
    [cipher.text, SEED_BYTES],
  ];
  return fields.every(([v, bytes]) => isHex(v, bytes)) ? store : invalid(path, 'it is damaged');
}
const isHex = (v: unknown, bytes: number): boolean => typeof v === 'string' && v.length === 2 * bytes && /^[0-9a-f]*$/.test(v);

function read(text: string): Keystore | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? (json as Keystore) : undefined;
  } catch {
    return undefined;
  }
}
