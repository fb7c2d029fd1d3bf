/** A service whose life the tests watch from outside. `mode` says how it misbehaves. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  activeTraceparent,
  createHealth,
  createLogger,
  EXIT,
  type FileOperation,
  openLog,
  recordingFiles,
  rejection,
  runService,
  startTelemetry,
  withSpan,
} from '../../src/index.ts';

const DISKS: Readonly<Record<string, [FileOperation, Error]>> = {
  'full disk': ['write', Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })],
  'failed write': ['write', new Error('input/output error')],
  'failed fsync': ['fdatasync', new Error('input/output error')],
  'failed last fsync': ['fdatasync', new Error('input/output error')],
};

const [mode = '', parent] = process.argv.slice(2);
const log = createLogger({ service: 'test', instance: '0' });
const health = createHealth(Date.now);
const say = (text: string) => process.stdout.write(`${text}\n`);

await runService({
  name: 'test',
  log,
  health,
  shutdownMs: mode === 'stuck' ? 300 : 10_000,
  parentPid: parent ? Number(parent) : undefined,
  async start({ onStop, fatal, signal }) {
    if (mode === 'unstartable') throw rejection('DependencyUnavailable', 'no nats here', { exitCode: EXIT.dependency });
    const telemetry = await startTelemetry({ service: 'test', instance: '0' });
    onStop('flush', 'telemetry', () => telemetry.stop());
    onStop('flush', 'first', () => say('flush'));
    onStop('grpc', 'grpc', () => say(`grpc, ready ${health.ready}, aborted ${signal.aborted}`));
    onStop('consumers', 'broken', () => {
      throw new Error('a broken step');
    });
    onStop('consumers', 'consumers', () => say('consumers'));
    onStop('drain', 'second', () => say('drain 2'));
    onStop('drain', 'first', () => say('drain 1'));
    if (mode === 'endless') onStop('drain', 'endless', () => new Promise(() => {}), 50);
    if (mode === 'stuck') onStop('drain', 'stuck', () => new Promise(() => {}));
    if (mode === 'span') await withSpan('x', {}, () => say(`span ${activeTraceparent()}`));
    if (mode === 'fatal') setImmediate(() => fatal(rejection('StateForkDetected', 'another root', { exitCode: EXIT.safety })));
    const broken = DISKS[mode];
    if (broken) {
      const files = recordingFiles();
      const dir = mkdtempSync(join(tmpdir(), 'bursar-service-'));
      const file = await openLog(dir, { files });
      rmSync(dir, { recursive: true });
      files.failNext(...broken);
      file.append(Buffer.from('a vote'));
      if (mode === 'failed last fsync') onStop('flush', 'log', () => file.close());
      else file.sync().catch(fatal);
    }
    if (mode === 'uncaught')
      setImmediate(() => {
        throw new Error('nobody caught me');
      });
    if (mode === 'unhandled') void Promise.reject(new Error('nobody handled me'));
  },
});
if (mode !== 'fatal' && (!(mode in DISKS) || mode === 'failed last fsync')) say('started');
setInterval(() => {}, 1_000);
