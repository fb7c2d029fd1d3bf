import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { DelayLine } from '../src/delay-line.ts';

const MIB = 1024 * 1024;

class FakeSocket extends EventEmitter {
  destroyed = false;
  writableNeedDrain = false;
  paused = false;
  readonly written: Buffer[] = [];
  write = (b: Buffer) => this.written.push(b) > 0;
  cork = () => {};
  uncork = () => {};
  pause = () => {
    this.paused = true;
  };
  resume = () => {
    this.paused = false;
  };
  isPaused = () => this.paused;
}
function line() {
  const from = new FakeSocket();
  const to = new FakeSocket();
  return { from, to, line: new DelayLine(from as unknown as Socket, to as unknown as Socket) };
}

describe('a line of waiting messages', () => {
  it('stops reading its source above 8 MiB and goes on when half of it has left', () => {
    const { from, to, line: l } = line();
    to.writableNeedDrain = true;
    for (let i = 0; i < 8; i++) l.push(Buffer.alloc(MIB), 0, 0);
    expect(from.paused).toBe(false);
    l.push(Buffer.alloc(1), 0, 0);
    expect(from.paused).toBe(true);
    l.release();
    expect(to.written).toHaveLength(0); // the receiver has no room
    to.writableNeedDrain = false;
    to.emit('drain');
    expect(to.written).toHaveLength(9);
    expect(from.paused).toBe(false);
  });
  it('keeps nothing for a receiver that is gone', () => {
    const { from, to, line: l } = line();
    l.push(Buffer.alloc(9 * MIB), 0, 0);
    to.destroyed = true;
    l.release();
    l.push(Buffer.alloc(9 * MIB), 0, 0);
    expect(from.paused).toBe(false);
    expect(to.written).toHaveLength(0);
  });
});
