/** Key files of clients, approvers, executors and guardians: JSON, mode 0600, one ed25519 seed each. */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { isAcceptablePublicKey, keyPairFromSeed, wipe } from '@bursar/crypto';
import { fromHex, type Hex32, isHex32, toHex } from '@bursar/protocol';
import { messageOf, rejection } from '@bursar/shared-core';

/** A key that signs; `publicKey` is the account id as well. */
export interface ClientKey {
  readonly publicKey: Hex32;
  /** 64 bytes, libsodium's form. Never log it. */
  readonly secretKey: Uint8Array;
}

const FIELDS = 'kind,publicKey,seed,version';
const MAX_BYTES = 4_096;

const invalid = (path: string, what: string, remedy?: string) =>
  rejection('KeyFileInvalid', `key file ${path} ${what}`, { exitCode: 78, details: { file: path }, ...(remedy ? { remedy } : {}) });

/** The key of a 32-byte seed. The seed is the caller's to wipe. */
export function keyFromSeed(seed: Uint8Array): ClientKey {
  const pair = keyPairFromSeed(seed);
  return { publicKey: toHex(pair.publicKey), secretKey: pair.secretKey };
}

/**
 * Reads a key file. The mode and the content are those of one opened file, so that it cannot be exchanged in between.
 * @throws KeyFileInvalid (exit 78): missing, readable by others, malformed, or its halves do not belong together
 */
export function readKeyFile(path: string): ClientKey {
  let text: string;
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY);
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new Error('is not a file');
    if ((stat.mode & 0o077) !== 0)
      throw invalid(path, 'can be read by other users', `Run "chmod 600 ${path}", and make a new key if others may have read it.`);
    if (stat.size > MAX_BYTES) throw new Error(`has ${stat.size} bytes, more than a key file can have`);
    text = readFileSync(file, 'utf8');
  } catch (e) {
    if (e instanceof Error && e.name === 'BursarError') throw e;
    const missing = (e as NodeJS.ErrnoException).code === 'ENOENT';
    throw invalid(path, missing ? 'does not exist' : `cannot be read: ${messageOf(e)}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return parseKeyFile(path, text);
}

/** The content of a key file. @param path for messages @throws KeyFileInvalid */
export function parseKeyFile(path: string, text: string): ClientKey {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw invalid(path, 'is not JSON'); // without the parser's words: they quote the content
  }
  if (typeof json !== 'object' || json === null || Object.keys(json).sort().join() !== FIELDS)
    throw invalid(path, `must have the fields ${FIELDS} and no others`);
  const { version, kind, publicKey, seed } = json;
  if (version !== 1 || kind !== 'ed25519') throw invalid(path, 'must have version 1 and kind ed25519');
  if (typeof publicKey !== 'string' || !isHex32(publicKey))
    throw invalid(path, 'has a publicKey that is not 64 lower-case hexadecimal digits');
  if (typeof seed !== 'string' || !isHex32(seed)) throw invalid(path, 'has a seed that is not 64 lower-case hexadecimal digits');
  const bytes = fromHex(seed);
  const key = keyFromSeed(bytes);
  wipe(bytes);
  if (key.publicKey !== publicKey) throw invalid(path, 'holds a public key that is not that of its seed');
  if (!isAcceptablePublicKey(fromHex(publicKey))) throw invalid(path, 'holds a key that the network does not accept');
  return key;
}

/**
 * Makes a key file with mode 0600, on disk before it returns. Never overwrites.
 * @throws KeyFileInvalid when the file exists or cannot be written
 */
export function createKeyFile(path: string): ClientKey {
  const seed = randomBytes(32);
  const key = keyFromSeed(seed);
  try {
    const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      writeSync(file, `${JSON.stringify({ version: 1, kind: 'ed25519', publicKey: key.publicKey, seed: toHex(seed) }, null, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (e) {
    throw invalid(path, `cannot be made: ${messageOf(e)}`, 'Choose a path that does not exist yet, in a folder that you may write.');
  } finally {
    wipe(seed);
  }
  return key;
}
