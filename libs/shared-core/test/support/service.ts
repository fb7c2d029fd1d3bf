/** A service whose life the tests watch from outside. `mode` says how it misbehaves. */
import { activeTraceparent, createHealth, createLogger, EXIT, rejection, runService, startTelemetry, withSpan } from '../../src/index.ts';

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
    if (mode === 'uncaught')
      setImmediate(() => {
        throw new Error('nobody caught me');
      });
    if (mode === 'unhandled') void Promise.reject(new Error('nobody handled me'));
  },
});
if (process.argv[2] !== 'fatal') say('started');
setInterval(() => {}, 1_000);
