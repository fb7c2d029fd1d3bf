import { ed25519, type Verifier } from '@bursar/crypto';
import { describe, expect, it } from '@jest/globals';
import { followBlocks } from '../src/core/follow.ts';
import { Hint } from '../src/core/hint.ts';
import { MembershipState } from '../src/core/membership-state.ts';
import type { BlockSource, StreamedBlock } from '../src/ports.ts';
import { TestHeaders } from './support/headers.ts';

/** Each call of `blocks` plays the next script: blocks, then an error or the end. */
function scripted(height: number, scripts: readonly (readonly (StreamedBlock | Error)[])[]): BlockSource & { readonly from: number[] } {
  const from: number[] = [];
  return {
    from,
    height: async () => height,
    async *blocks(start) {
      const script = scripts[from.length] ?? [];
      from.push(start);
      for (const step of script) {
        if (step instanceof Error) throw step;
        yield step;
      }
    },
  };
}

async function follow(source: BlockSource, made: TestHeaders, until: number, verifier: Verifier = ed25519) {
  const state = new MembershipState(made.genesis, made.chain, verifier);
  const stop = new AbortController();
  const progress: [number, boolean][] = [];
  const lost: string[] = [];
  const failures: number[] = [];
  await followBlocks(
    {
      state,
      source,
      halt: (name, reason) => {
        throw new Error(`halted: ${name}: ${reason}`);
      },
      pause: async (n) => {
        failures.push(n);
        if (failures.length > 10) stop.abort();
      },
      onProgress: (height, caughtUp) => {
        progress.push([height, caughtUp]);
        if (height === until) stop.abort();
      },
      onLost: (why) => lost.push(why),
      breathe: async () => {},
    },
    stop.signal,
  );
  return { state, progress, lost, failures };
}

describe('Following storage', () => {
  it('is caught up when it has what storage had at the beginning', async () => {
    const made = new TestHeaders();
    const [a, b, c] = [made.next(), made.next(), made.next()];
    const { progress } = await follow(scripted(2, [[a, b, c]]), made, 3);
    expect(progress).toEqual([
      [0, false],
      [1, false],
      [2, true],
      [3, true],
    ]);
  });

  it('starts again behind the last block after a lost stream, a gap and repeats', async () => {
    const made = new TestHeaders();
    const [a, b, c, d] = [made.next(), made.next(), made.next(), made.next()];
    const source = scripted(4, [[a, new Error('UNAVAILABLE')], [new Error('still')], [a, b, d], [b, c], [d]]);
    const { state, lost, failures } = await follow(source, made, 4);
    expect(source.from).toEqual([1, 2, 2, 3, 4]);
    expect(lost).toEqual(['UNAVAILABLE', 'still', 'the stream jumped to 4, 3 was expected', 'the stream ended']);
    expect(failures).toEqual([1, 2, 1, 1]);
    expect(state.height).toBe(4);
  });

  /** Storage is empty when it is asked first, and has all of these when it is asked again. */
  const growing = (blocks: readonly StreamedBlock[]): BlockSource => {
    const heights = [0];
    return { ...scripted(0, [blocks]), height: async () => heights.shift() ?? blocks.length };
  };
  it('checks one certificate for a stretch that storage itself caught up with meanwhile (K7)', async () => {
    const made = new TestHeaders();
    const blocks = Array.from({ length: 150 }, () => made.next());
    let signatures = 0;
    const verify: Verifier['verify'] = (...of) => {
      signatures++;
      return ed25519.verify(...of);
    };
    const { state } = await follow(growing(blocks), made, 150, { verify });
    expect(state.height).toBe(150);
    expect(signatures).toBe((64 + 1) * 3); // up to the first look at storage, and the one that vouches for the rest
  });
  it('halts when the certificate that should vouch for a stretch is none', async () => {
    const made = new TestHeaders();
    const blocks = Array.from({ length: 99 }, () => made.next());
    const bad = made.draft(0, {}, [1, 2]);
    await expect(follow(growing([...blocks, bad]), made, 100)).rejects.toThrow(
      /halted: StateForkDetected: block 100 of storage: QuorumNotReached/,
    );
  });

  it('waits for a storage that was set back instead of going back itself', async () => {
    const made = new TestHeaders();
    const [a, b] = [made.next(), made.next()];
    let height = 2;
    const inner = scripted(0, [[a, b, new Error('restored')]]);
    const source: BlockSource = { height: async () => height, blocks: inner.blocks };
    const { state, lost } = await follow(
      {
        ...source,
        height: async (signal) => {
          const now = await source.height(signal);
          height = 1;
          return now;
        },
      },
      made,
      99,
    );
    expect(lost.slice(0, 2)).toEqual(['restored', 'storage is at 1, behind 2']);
    expect(state.height).toBe(2);
  });

  it('halts for a certified block that contradicts what it followed', async () => {
    const made = new TestHeaders();
    const a = made.next();
    const bad = made.draft(0, { beacon: 'ab'.repeat(32) });
    await expect(follow(scripted(2, [[a, bad]]), made, 2)).rejects.toThrow(/halted: StateForkDetected: block 2 of storage: another beacon/);
  });
});

describe('A pause', () => {
  it('ends by a hint and by an abort', async () => {
    const hint = new Hint();
    const stop = new AbortController();
    const first = hint.pause(20, stop.signal);
    hint.give();
    await first;
    const second = hint.pause(20, stop.signal);
    stop.abort();
    await second;
    await hint.pause(20, stop.signal);
    hint.give();
  });
});
