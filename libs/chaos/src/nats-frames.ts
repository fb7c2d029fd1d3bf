/** The NATS client protocol, cut into frames wherever the chunks of a connection end. */

/** One whole command with its line ends. */
export interface Frame {
  readonly bytes: Buffer;
  /** Undefined: a command without a message (INFO, CONNECT, SUB, PING …). */
  readonly message: { readonly subject: string; readonly reply: string | undefined } | undefined;
}
/** The stream is not the NATS protocol, or exceeds its bounds: it cannot be followed any further. */
export class NotNats extends Error {}

/** A server refuses control lines above 4 KiB; its INFO and a client's CONNECT may be longer. */
const MAX_LINE = 64 * 1024;
const MAX_PAYLOAD = 16 * 1024 * 1024;

/** Words of each command that carries a message, without a reply: the command, the subject, a subscription, sizes. The reply stands at `at`. */
const WITH_PAYLOAD: Readonly<Record<string, { readonly words: number; readonly at: number }>> = {
  PUB: { words: 3, at: 2 },
  HPUB: { words: 4, at: 2 },
  MSG: { words: 4, at: 3 },
  HMSG: { words: 5, at: 3 },
};

export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;
  /** Bytes without which looking again is useless. */
  #need = 0;

  /** Bytes of the frame that is not whole yet. */
  get pending(): number {
    return this.#length;
  }

  /** The frames that are whole now. @throws NotNats */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#need) return [];
    const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      const lineEnd = all.indexOf('\r\n', at);
      if (lineEnd - at > MAX_LINE || (lineEnd < 0 && all.length - at > MAX_LINE)) throw new NotNats('a line has no end');
      if (lineEnd < 0) {
        this.#need = 0;
        break;
      }
      const { message, payload } = parseLine(all.toString('utf8', at, lineEnd));
      const size = lineEnd + 2 - at + (message ? payload + 2 : 0);
      if (all.length - at < size) {
        this.#need = size;
        break;
      }
      if (message && all.toString('latin1', at + size - 2, at + size) !== '\r\n') throw new NotNats('a payload is longer than announced');
      frames.push({ bytes: all.subarray(at, at + size), message });
      at += size;
    }
    this.#chunks = at === all.length ? [] : [all.subarray(at)];
    this.#length = all.length - at;
    return frames;
  }
}

function parseLine(line: string): { readonly message: Frame['message']; readonly payload: number } {
  const words = line.split(/[ \t]+/).filter((w) => w !== '');
  const form = WITH_PAYLOAD[(words[0] ?? '').toUpperCase()];
  if (!form) return { message: undefined, payload: 0 };
  const hasReply = words.length === form.words + 1;
  const size = words.at(-1) ?? '';
  const payload = Number(size);
  if ((words.length !== form.words && !hasReply) || !/^\d+$/.test(size) || payload > MAX_PAYLOAD)
    throw new NotNats(`not a message: ${line.slice(0, 100)}`);
  return { message: { subject: words[1] as string, reply: hasReply ? words[form.at] : undefined }, payload };
}
