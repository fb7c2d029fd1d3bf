/** OpenTelemetry for one process (O1). Spans have real ids even when nothing exports them. */
import grpc from '@grpc/grpc-js';
import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node';

type SpanProcessor = NonNullable<NodeSDKConfiguration['spanProcessors']>[number];
export interface TelemetryOptions {
  readonly service: string;
  readonly instance: string;
  /** Takes the place of what the environment says, for tests. */
  readonly spanProcessors?: SpanProcessor[];
}
export interface Telemetry {
  /** Whether spans go anywhere; where they do not, making one for each transaction is for nothing. */
  readonly exports: boolean;
  /** Flushes and stops; never throws, gives up after `deadlineMs` (default 3 s). Call it last. */
  stop(deadlineMs?: number): Promise<void>;
}

const DISCARD: SpanProcessor = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };
let running: Telemetry | undefined;

/**
 * Starts the SDK once a process; a second call returns the first. Exporter: none, unless OTEL_TRACES_EXPORTER names one or
 * OTEL_EXPORTER_OTLP_ENDPOINT is set (then otlp). OTEL_TRACES_SAMPLER (default parentbased_always_on), OTEL_PROPAGATORS (default
 * tracecontext), OTEL_EXPORTER_OTLP_PROTOCOL and OTEL_RESOURCE_ATTRIBUTES keep their standard meaning.
 */
export async function startTelemetry({ service, instance, spanProcessors }: TelemetryOptions): Promise<Telemetry> {
  if (running) return running;
  // Loaded here and not at the top: the SDK with all its exporters is most of a process's start-up time, and short programs skip it.
  const [{ NodeSDK }, { GrpcInstrumentation }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/instrumentation-grpc'),
  ]);
  const env = process.env;
  // Unset, every signal would go to a collector on localhost, and a missing one would make shutdown reject.
  const endpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  env['OTEL_TRACES_EXPORTER'] ||= endpoint ? 'otlp' : 'none';
  env['OTEL_METRICS_EXPORTER'] ||= 'none';
  env['OTEL_LOGS_EXPORTER'] ||= 'none';
  env['OTEL_PROPAGATORS'] ||= 'tracecontext';
  env['OTEL_TRACES_SAMPLER'] ||= 'parentbased_always_on';
  env['OTEL_NODE_RESOURCE_DETECTORS'] ||= 'env'; // the process detector would export the command line
  const attributes = env['OTEL_RESOURCE_ATTRIBUTES'];
  env['OTEL_RESOURCE_ATTRIBUTES'] = withInstance(attributes, instance);

  const none = env['OTEL_TRACES_EXPORTER'] === 'none';
  const instrumentation = new GrpcInstrumentation();
  const processors = spanProcessors ?? (none ? [DISCARD] : undefined); // with `none` the SDK would register no tracer: no ids
  const sdk = new NodeSDK({
    serviceName: service,
    instrumentations: [instrumentation],
    ...(processors ? { spanProcessors: processors } : {}),
  });
  sdk.start();
  if (attributes === undefined) delete env['OTEL_RESOURCE_ATTRIBUTES'];
  else env['OTEL_RESOURCE_ATTRIBUTES'] = attributes; // children have an instance of their own
  // Patched by hand and not by a module hook: works from source, in tests and in a bundle, whatever the import order.
  for (const definition of instrumentation.getModuleDefinitions()) definition.patch?.(grpc);

  running = {
    exports: !none || spanProcessors !== undefined,
    async stop(deadlineMs = 3_000) {
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, deadlineMs);
      });
      await Promise.race([sdk.shutdown().catch(() => {}), deadline]);
      clearTimeout(timer);
    },
  };
  return running;
}

function withInstance(attributes: string | undefined, instance: string): string {
  const others = (attributes ?? '').split(',').filter((one) => one !== '' && !one.startsWith('service.instance.id='));
  return [...others, `service.instance.id=${encodeURIComponent(instance)}`].join(',');
}
