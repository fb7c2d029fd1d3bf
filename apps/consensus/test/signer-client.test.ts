import type { Vote } from '@bursar/protocol';
import { createLogger } from '@bursar/shared-core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createSignerClient } from '../src/adapters/signer-client.ts';
import { Cell, keysOf, TOKEN } from './support/cell.ts';
import { testGenesis } from './support/genesis.ts';

const { genesis, chain } = testGenesis(4);
const cell = new Cell(0, genesis, chain, keysOf(1));
const over = new AbortController();
const told: boolean[] = [];
const vote = (digest: string): Vote => ({ chain, epoch: 0, height: 1, view: 0, phase: 'prepare', digest });

async function connected() {
  await cell.start();
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const onReachable = (isReachable: boolean) => void told.push(isReachable);
  const address = `127.0.0.1:${cell.port}`;
  return createSignerClient({ address, bearer: TOKEN, chain, validator: 0, signal: over.signal, log, onReachable });
}
afterEach(() => cell.stop());

describe('crypto-signing as seen from here', () => {
  it('signs, refuses for good, and is given up for a vote that nobody wants any more', async () => {
    const client = await connected();
    expect(await client.sign(vote('a'.repeat(64)), () => true)).toBeInstanceOf(Uint8Array);
    expect(await client.sign(vote('b'.repeat(64)), () => true)).toBe('refused');
    expect(told).toEqual([true, true]); // a refusal is an answer
    cell.isSignerDown = true;
    let tries = 0;
    expect(await client.sign({ ...vote('c'.repeat(64)), height: 2 }, () => ++tries < 3)).toBe('unwanted');
    expect(told.slice(2)).toEqual([false, false, false]);
    cell.isSignerDown = false;
    expect(await client.sign({ ...vote('c'.repeat(64)), height: 2 }, () => true)).toBeInstanceOf(Uint8Array);
    expect(told.at(-1)).toBe(true);
    client.close();
  }, 30_000);
});
