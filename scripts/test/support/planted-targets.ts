/** Targets with known bugs, for the test that fuzzing finds them. */
import type { Target } from '../../fuzz/target.ts';

const target = (name: string, open: Target['open']): Target => ({
  name,
  corpus: [new Uint8Array(64)],
  maxBytes: 256,
  share: 1,
  episode: 50,
  open,
});
const kept: Uint8Array[] = [];

export const targets: readonly Target[] = [
  target('sound', () => (bytes) => bytes.length > 8),
  target('throws', () => (bytes) => {
    if (bytes.includes(0xff) && bytes.length > 3) throw new TypeError(`byte ${bytes.indexOf(0xff)}`);
    return true;
  }),
  target('throws later', () => {
    let count = 0;
    return () => {
      if (++count === 40) throw new Error('the fortieth');
      return true;
    };
  }),
  target('loops', () => (bytes) => {
    while (bytes[0] === 0x80);
    return true;
  }),
  target('never answers', () => (bytes) => (bytes[0] === 0x80 ? new Promise(() => {}) : true)),
  target('rejects unheard', () => (bytes) => {
    if (bytes[0] === 0x80) void Promise.reject(new Error('unheard'));
    return true;
  }),
  target('allocates', () => (bytes) => new Uint8Array(bytes[0] === 0x80 ? 2 ** 29 : 1).length > 0),
  target('keeps', () => () => kept.push(new Uint8Array(2 ** 20)) > 0),
];
