/** A verifying worker thread: one job in, one answer out, in order. What it does stands in core/verify-job.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { verify } from '@bursar/crypto';
import { fromHex } from '@bursar/protocol';
import type { Answer, Job, WorkerData } from './adapters/verify-pool.ts';
import { verifyBatch, verifyTransaction } from './core/verify-job.ts';

const { chain, validators } = workerData as WorkerData;
if (!parentPort) throw new Error('worker-verify runs as a worker thread only');
const port = parentPort;
const keys = validators.map(fromHex);
const evidence = { chain, epoch: 0, publicKey: (validator: number) => keys[validator], verify };

port.on('message', (job: Job) => {
  const answer: Answer =
    job.kind === 'transactions'
      ? { job: job.job, kind: 'transactions', verdicts: job.transactions.map((t) => verifyTransaction(chain, t, evidence)) }
      : { job: job.job, kind: 'batch', verdict: verifyBatch(chain, job.batch, job.origin) };
  port.postMessage(answer);
});
