import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { createKeyFile, readKeyFile } from '../src/key-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'bursar-keys-'));
afterAll(() => rmSync(dir, { recursive: true }));
const path = (name: string) => join(dir, name);

describe('key files', () => {
  it('are made with mode 0600, read back the same, and are never overwritten', () => {
    const made = createKeyFile(path('a.json'));
    expect(statSync(path('a.json')).mode & 0o777).toBe(0o600);
    expect(readKeyFile(path('a.json'))).toEqual(made);
    const before = readFileSync(path('a.json'), 'utf8');
    expect(() => createKeyFile(path('a.json'))).toThrow(/cannot be made/);
    expect(readFileSync(path('a.json'), 'utf8')).toBe(before);
  });
  const good = () => {
    rmSync(path('b.json'), { force: true });
    createKeyFile(path('b.json'));
    return JSON.parse(readFileSync(path('b.json'), 'utf8')) as Record<string, unknown>;
  };
  const bad: [string, (k: Record<string, unknown>) => unknown, RegExp][] = [
    ['a further field', (k) => ({ ...k, x: 1 }), /no others/],
    ['a missing field', ({ seed, ...k }) => k, /no others/],
    ['another version', (k) => ({ ...k, version: 2 }), /version 1/],
    ['another kind', (k) => ({ ...k, kind: 'rsa' }), /kind ed25519/],
    ['a short seed', (k) => ({ ...k, seed: 'ab' }), /seed that is not/],
    ['the public key of another seed', (k) => ({ ...k, seed: '11'.repeat(32) }), /not that of its seed/],
    ['no object', () => null, /no others/],
  ];
  it.each(bad)('with %s are refused', (_, change, says) => {
    writeFileSync(path('b.json'), JSON.stringify(change(good())), { mode: 0o600 });
    expect(() => readKeyFile(path('b.json'))).toThrow(says);
  });
  it('that others can read are refused, and the error says what to run but nothing of the content', () => {
    good();
    chmodSync(path('b.json'), 0o640);
    let error: unknown;
    try {
      readKeyFile(path('b.json'));
    } catch (e) {
      error = e;
    }
    expect(error).toMatchObject({ code: 8204, reason: 'KEY_FILE_INVALID', exitCode: 78 });
    expect((error as { remedy: string }).remedy).toContain('chmod 600');
  });
  it('that are missing or no JSON are refused without quoting them', () => {
    expect(() => readKeyFile(path('none.json'))).toThrow(/does not exist/);
    writeFileSync(path('c.json'), 'secret-looking-text', { mode: 0o600 });
    expect(() => readKeyFile(path('c.json'))).toThrow(/is not JSON$/);
  });
});
