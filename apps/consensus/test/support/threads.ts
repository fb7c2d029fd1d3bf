/** Verifying threads that misbehave: each says that it is up, then does `onJob` with every job. */
export const thread = (onJob: string): URL => {
  const text = `import { parentPort } from 'node:worker_threads';
parentPort.on('message', () => { ${onJob} });
parentPort.postMessage(new Uint8Array());`;
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
};
export const mute = thread('');
