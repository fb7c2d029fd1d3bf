// Preloaded into an executor: SIGKILL at one step of its journal. DIE_AT is `before|after write|sync intent|done`.
import { open } from 'node:fs/promises';

const [when, operation, record] = process.env.DIE_AT.split(' ');
/** First byte of a record. */
const tag = { intent: 1, done: 2 }[record];
const FRAME = 12;
/** Whether such a record is among those of a write: each behind a frame that begins with its length, whose highest bit is a flag. */
function holds(bytes) {
  if (bytes.toString('latin1', 0, 8) === 'BURSLOG1') return false;
  for (let at = 0; at + FRAME < bytes.length; at += FRAME + (bytes.readUInt32BE(at) % 2 ** 31)) if (bytes[at + FRAME] === tag) return true;
  return false;
}
const probe = await open('/dev/null');
const prototype = Object.getPrototypeOf(probe);
await probe.close();
const die = () => process.kill(process.pid, 'SIGKILL');
let isWritten = false;
const real = { write: prototype.write, datasync: prototype.datasync };
prototype.write = async function (bytes, ...rest) {
  const isIt = holds(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (isIt && operation === 'write' && when === 'before') die();
  const done = await real.write.call(this, bytes, ...rest);
  if (isIt && operation === 'write') die();
  isWritten ||= isIt;
  return done;
};
prototype.datasync = async function () {
  if (isWritten && when === 'before') die();
  await real.datasync.call(this);
  if (isWritten) die();
};
