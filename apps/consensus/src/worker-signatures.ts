/** A verifying worker thread for votes: one job in, one answer out. What it does stands in core/signature-job.ts. */
import { parentPort } from 'node:worker_threads';
import { verifySignatures } from './core/signature-job.ts';

if (!parentPort) throw new Error('worker-signatures runs as a worker thread only');
const port = parentPort;
port.on('message', (job: Uint8Array) => {
  const verdicts = verifySignatures(job);
  port.postMessage(verdicts, [verdicts.buffer]);
});
port.postMessage(new Uint8Array()); // it is up
