import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ed25519 } from '@bursar/crypto';
import { fromHex, toHex } from '@bursar/protocol';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createKeystore, openKeystore } from '../src/adapters/keystore.ts';

const passphrase = 'correct horse battery staple';
let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keystore-'));
  file = join(dir, 'key.json');
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('S2 the key at rest', () => {
  it('opens to the key whose public half was printed', async () => {
    const publicKey = await createKeystore(file, passphrase);
    const keys = openKeystore(file, passphrase);
    expect(toHex(keys.publicKey)).toBe(publicKey);
    const hash = new Uint8Array(32).fill(1);
    expect(ed25519.verify(fromHex(publicKey), hash, ed25519.sign(keys.secretKey, hash))).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
  it('never overwrites a key', async () => {
    await createKeystore(file, passphrase);
    await expect(createKeystore(file, passphrase)).rejects.toThrow(/exists already/);
  });
  it('of two that make it at once one succeeds, and the file holds what it printed', async () => {
    const both = await Promise.allSettled([createKeystore(file, passphrase), createKeystore(file, passphrase)]);
    const made = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(made).toEqual([toHex(openKeystore(file, passphrase).publicKey)]);
    expect(readdirSync(dir)).toEqual(['key.json']);
  });
  it('wants a passphrase worth the name', async () => {
    await expect(createKeystore(file, 'short')).rejects.toThrow(/fewer than 16/);
  });

  const edit = (change: (json: Record<string, Record<string, unknown>>) => void) => (): void => {
    const json = JSON.parse(readFileSync(file, 'utf8'));
    change(json);
    writeFileSync(file, JSON.stringify(json));
  };
  const rows: [sentence: string, spoil: () => void, words: RegExp][] = [
    ['other users can read it', () => chmodSync(file, 0o644), /open to other users/],
    ['it is cut short', () => writeFileSync(file, readFileSync(file).subarray(0, 40)), /damaged/],
    ['it is empty', () => writeFileSync(file, ''), /damaged/],
    [
      'its public key was replaced',
      edit((j) => Object.assign(j, { publicKey: 'a'.repeat(64) })),
      /passphrase is wrong or the file was changed/,
    ],
    [
      'its cipher text was changed',
      edit((j) => Object.assign(j['cipher'] as object, { text: 'a'.repeat(64) })),
      /passphrase is wrong or the file was changed/,
    ],
    ['its tag was shortened', edit((j) => Object.assign(j['cipher'] as object, { tag: 'aaaa' })), /damaged/],
    ['its salt is no text', edit((j) => Object.assign(j['kdf'] as object, { salt: ['ab'] })), /damaged/],
    ['it is JSON of something else', () => writeFileSync(file, 'null'), /damaged/],
    ['its version is unknown', edit((j) => Object.assign(j, { version: 2 })), /another kind or version/],
    ['its key derivation was weakened', edit((j) => Object.assign(j['kdf'] as object, { N: 2 })), /scrypt parameters/],
    ['it is gone', () => rmSync(file), /no file/],
  ];
  it.each(rows)('is refused when %s', async (_, spoil, words) => {
    await createKeystore(file, passphrase);
    spoil();
    expect(() => openKeystore(file, passphrase)).toThrow(words);
  });
  it('is refused under another passphrase', async () => {
    await createKeystore(file, passphrase);
    expect(() => openKeystore(file, `${passphrase}!`)).toThrow(/passphrase is wrong/);
  });
});
