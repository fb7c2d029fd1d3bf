import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FrameReader, NotNats } from '../src/nats-frames.ts';

const word = fc.stringMatching(/^[a-zA-Z0-9_.$*>]{1,20}$/);
const payload = fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b));
const reply = fc.option(word, { nil: undefined });

interface Sent {
  readonly bytes: Buffer;
  readonly message: { readonly subject: string; readonly reply: string | undefined } | undefined;
}
const message = fc
  .record({ verb: fc.constantFrom('PUB', 'HPUB', 'MSG', 'HMSG', 'pub', 'Msg'), subject: word, reply, payload })
  .map(({ verb, subject, reply: to, payload: body }): Sent => {
    const kind = verb.toUpperCase();
    const sid = kind.endsWith('MSG') ? ['17'] : [];
    const sizes = kind.startsWith('H') ? [String(Math.min(12, body.length)), String(body.length)] : [String(body.length)];
    const line = [verb, subject, ...sid, ...(to === undefined ? [] : [to]), ...sizes].join(' ');
    return { bytes: Buffer.concat([Buffer.from(`${line}\r\n`), body, Buffer.from('\r\n')]), message: { subject, reply: to } };
  });
const command = fc
  .constantFrom('PING', 'PONG', '+OK', "-ERR 'Stale Connection'", 'SUB a.* 4', 'UNSUB 4 1', 'INFO {"max_payload":1048576}', 'CONNECT {}')
  .map((line): Sent => ({ bytes: Buffer.from(`${line}\r\n`), message: undefined }));

/** Cuts bytes at these places. */
function* cut(all: Buffer, places: readonly number[]): Generator<Buffer> {
  let from = 0;
  for (const to of [...places.map((p) => p % (all.length + 1)), all.length].sort((a, b) => a - b)) {
    yield all.subarray(from, to);
    from = to;
  }
}

describe('frames of the NATS protocol', () => {
  it('are the same wherever the chunks end', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(message, command), { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 40 }), (sent, places) => {
        const reader = new FrameReader();
        const read = [...cut(Buffer.concat(sent.map((s) => s.bytes)), places)].flatMap((chunk) => reader.push(chunk));
        expect(read.map((f) => f.message)).toEqual(sent.map((s) => s.message));
        expect(Buffer.concat(read.map((f) => f.bytes)).equals(Buffer.concat(sent.map((s) => s.bytes)))).toBe(true);
        expect(reader.pending).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
  it('are never anything but frames or a refusal, whatever comes', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.stringMatching(/^(PUB|MSG|HMSG|HPUB)[ a-z0-9-]{0,30}\r\n/).map((s) => new TextEncoder().encode(s)),
    );
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 10 }), (chunks) => {
        const reader = new FrameReader();
        try {
          for (const c of chunks) reader.push(Buffer.from(c));
        } catch (e) {
          expect(e).toBeInstanceOf(NotNats);
        }
      }),
      { numRuns: 500 },
    );
  });
  it.each([
    ['a line without an end', 'x'.repeat(70_000)],
    ['a line that ends too late', `${'x'.repeat(70_000)}\r\n`],
    ['a payload above 16 MiB', 'PUB a 16777217\r\n'],
    ['a size that is no number', 'PUB a -1\r\n'],
    ['too few words', 'MSG a 4\r\n'],
    ['too many words', 'PUB a b c 4\r\n'],
    ['a payload that goes on behind its size', 'PUB a 2\r\nabcd\r\n'],
  ])('refuses %s', (_, text) => {
    expect(() => new FrameReader().push(Buffer.from(text))).toThrow(NotNats);
  });
});
