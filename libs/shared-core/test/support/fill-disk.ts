/** Writes a log until the disk is full, then reads it back; `full acknowledged found torn code` in one line. */
import { type BursarError, openLog } from '../../src/index.ts';

const [dir = ''] = process.argv.slice(2);
const log = await openLog(dir);
let acknowledged = 0;
let error: BursarError | undefined;
while (!error && acknowledged < 100_000) {
  log.append(Buffer.alloc(1_000, acknowledged));
  await log.sync().then(
    () => acknowledged++,
    (e) => {
      error = e;
    },
  );
}
await log.close().catch(() => {});
const again = await openLog(dir);
let found = 0;
for await (const { bytes } of again.replay()) {
  if (bytes[999] !== (found & 255)) throw new Error(`record ${found} is another`);
  found++;
}
process.stdout.write(`${JSON.stringify({ reason: error?.reason, exitCode: error?.exitCode, acknowledged, found, torn: !!again.torn })}\n`);
