/** A gRPC server for protobuf-es services (A7), with health and reflection on it from the start. */
import type { DescMethod, DescService } from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import { logVerbosity, Server, ServerCredentials, setLogVerbosity, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Secret } from '../config-spec.ts';
import { coreError, rejection } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { portError } from '../port-error.ts';
import { bearerCheck } from './auth.ts';
import { type CallContext, type CallPolicy, handleCall, type Outcome } from './call.ts';
import { createHealthService, healthDescriptor } from './health-service.ts';
import { HARD_MESSAGE_BYTES, type HandlersOf, methodDefinition, WINDOW_BYTES } from './method.ts';
import { reflectionDescriptor, reflectionHandlers } from './reflection-service.ts';
import { loadValidate, type Validate } from './validate.ts';

export type Handlers<S extends GenServiceMethods> = HandlersOf<S, CallContext>;
export interface RpcServerOptions {
  /** Token that every service but the public ones demands. */
  readonly bearer?: Secret | string | undefined;
  readonly metrics?: Metrics;
  /** Gets what callers may not see: causes of INTERNAL. */
  readonly log?: Logger;
  /** Longest time of a call with a single reply, whatever the caller says; default 30 s. */
  readonly unaryMs?: number;
  /** Longest time of a stream of replies; default 1 h, then the client opens a new one. */
  readonly streamMs?: number;
  /** Calls in flight beyond which new ones get QueueFull; default 4,096. Callers with the token and all others have so many each. */
  readonly maxCalls?: number;
  /** Default: no TLS, for loopback. */
  readonly credentials?: ServerCredentials;
}
export interface RpcServer {
  /** @param access `bearer` demands the token of the options, `public` demands none. */
  add<S extends GenServiceMethods>(service: GenService<S>, handlers: Handlers<S>, access: 'bearer' | 'public'): void;
  /** Opens the port, 0 for any. @returns the port. @throws PortTaken (exit 69) */
  listen(host: string, port: number): Promise<number>;
  /** What grpc.health.v1 answers for a service's full name, or for all with ''. */
  setServing(service: string, serving: boolean): void;
  /** Ends streams at once, waits for calls up to `graceMs` (default 3 s), then ends those as well: PeerUnreachable. Safe to call twice. */
  stop(graceMs?: number): Promise<void>;
}

const OUTCOMES = ['ok', 'rejected', 'failed', 'cancelled'] as const satisfies readonly Outcome[];
const SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10] as const;
/** For errors to reach callers that were waited for in vain. */
const LAST_WORDS_MS = 250;
const OPTIONS = {
  'grpc.max_receive_message_length': HARD_MESSAGE_BYTES,
  'grpc.max_send_message_length': HARD_MESSAGE_BYTES,
  'grpc-node.flow_control_window': WINDOW_BYTES,
  'grpc.enable_channelz': 0, // nobody reads it, and it keeps a trace of every call
  'grpc.max_concurrent_streams': 1_024,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

export function createRpcServer(options: RpcServerOptions = {}): RpcServer {
  const {
    bearer,
    metrics,
    log,
    unaryMs = 30_000,
    streamMs = 3_600_000,
    maxCalls = 4_096,
    credentials = ServerCredentials.createInsecure(),
  } = options;
  setLogVerbosity(logVerbosity.NONE); // what grpc-js would print stands in our errors, and stderr stays readable
  const server = new Server(OPTIONS);
  const services: DescService[] = [];
  const open: CallPolicy['open'] = new Map();
  const check = bearer === undefined ? undefined : bearerCheck(bearer);
  const health = createHealthService();
  let validate: Validate | undefined; // there before the first call can arrive
  let record: ((method: DescMethod, outcome: Outcome, ms: number) => void) | undefined;
  let stopped: Promise<void> | undefined;

  // Apart, so that strangers cannot keep the cell's own calls out, whichever service they call.
  const [enterOwn, enterStrange] = [places(maxCalls), places(maxCalls)];
  const policy: Omit<CallPolicy, 'authenticate'> = {
    isOwn: (header) => header !== undefined && check !== undefined && passes(check, header),
    enter: (isOwn) => (isOwn ? enterOwn() : enterStrange()),
    validate: (schema, message) => validate?.(schema, message),
    unaryMs,
    streamMs,
    open,
    done(method, outcome, ms, error) {
      record?.(method, outcome, ms);
      if (outcome === 'failed') log?.error({ err: error, rpc: `${method.parent.typeName}/${method.name}` }, 'a call failed');
    },
  };
  const register = (service: DescService, handlers: Record<string, unknown>, authenticate: CallPolicy['authenticate']) => {
    const access = { ...policy, authenticate };
    const definition: Record<string, ReturnType<typeof methodDefinition>> = {};
    const implementation: Record<string, unknown> = {};
    for (const method of service.methods) {
      const handler = handlers[method.localName] as ((request: unknown, context: CallContext) => unknown) | undefined;
      const missing = () => {
        throw coreError('Unimplemented', `${service.typeName}/${method.name} is not offered`);
      };
      definition[method.localName] = methodDefinition(method, 'server');
      implementation[method.localName] = handleCall(method, handler?.bind(handlers) ?? missing, access);
    }
    server.addService(definition, implementation as UntypedServiceImplementation);
    services.push(service);
  };
  const stop = async (graceMs: number) => {
    const gone = rejection('PeerUnreachable', 'the server is stopping', { retryAfterMs: 1_000 });
    const over = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    for (const [call, isStream] of open) if (isStream) call.abort(gone);
    await within(graceMs, over);
    for (const call of open.keys()) call.abort(gone);
    await within(LAST_WORDS_MS, over);
    server.forceShutdown();
  };

  register(healthDescriptor, health.handlers, undefined);
  register(reflectionDescriptor, reflectionHandlers(services), undefined);
  return {
    add(service, handlers, access) {
      if (access === 'bearer' && !check) throw coreError('Configuration', `${service.typeName} demands a token and none is configured`);
      register(service as DescService, handlers as Record<string, unknown>, access === 'bearer' ? check : undefined);
      health.set(service.typeName, true);
    },
    async listen(host, port) {
      validate ??= await loadValidate();
      record ??= metrics && callMetrics(metrics, services);
      const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      return await new Promise((resolve, reject) => {
        server.bindAsync(address, credentials, (error, bound) => (error ? reject(portError('gRPC', host, port, error)) : resolve(bound)));
      });
    },
    setServing: health.set,
    stop(graceMs = 3_000) {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
}

/** The promise's end, or that of the time. */
async function within(ms: number, over: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([over, late]);
  clearTimeout(timer);
}

function passes(check: (header: string) => void, header: string): boolean {
  try {
    check(header);
    return true;
  } catch {
    return false;
  }
}

/** Places for calls in flight. The returned function takes one and answers how to give it back. @throws QueueFull */
function places(max: number): () => () => void {
  let taken = 0;
  return () => {
    if (taken >= max) throw rejection('QueueFull', `${max} calls are in flight`, { retryAfterMs: 100 });
    taken++;
    return () => {
      taken--;
    };
  };
}

function callMetrics(metrics: Metrics, services: readonly DescService[]) {
  const name = (m: DescMethod) => `${m.parent.name}/${m.name}`;
  const method = services.flatMap((s) => s.methods.map(name));
  const calls = metrics.counter('rpc_server_calls_total', 'gRPC calls answered', { method, outcome: OUTCOMES });
  const seconds = metrics.histogram('rpc_server_seconds', 'time to answer a gRPC call', SECONDS, { method });
  return (m: DescMethod, outcome: Outcome, ms: number) => {
    calls.inc({ method: name(m), outcome });
    seconds.observe({ method: name(m) }, ms / 1_000);
  };
}
