/** Typed gRPC clients: a deadline on every call, BursarErrors, cancellation by AbortSignal or by leaving the loop. */
import { once } from 'node:events';
import type { DescMethod, DescService } from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import { type Call, ChannelCredentials, Client, type ClientReadableStream, type ClientWritableStream, Metadata } from '@grpc/grpc-js';
import type { Secret } from '../config-spec.ts';
import { rejection } from '../errors.ts';
import { bearerHeader } from './auth.ts';
import { HARD_MESSAGE_BYTES, type MethodsOf, methodDefinition, WINDOW_BYTES } from './method.ts';
import { fromStatus } from './status.ts';

export interface CallOptions {
  /** Default: the client's `unaryMs` or `streamMs`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called with the response's headers; `x-trace-id` is among them. */
  readonly onHeaders?: (headers: Readonly<Record<string, string>>) => void;
}
export interface RpcClientOptions {
  readonly bearer?: Secret | string | undefined;
  /** Default deadline of calls with a single reply: 10 s. */
  readonly unaryMs?: number;
  /** Default deadline of streams of replies: 1 h. */
  readonly streamMs?: number;
  /** Default: no TLS, for loopback. */
  readonly credentials?: ChannelCredentials;
}
/** Methods by their local names; single replies as promises, streams as async generators that start at the first read. */
export type RpcClient<S extends GenServiceMethods> = MethodsOf<S, CallOptions> & {
  /** Waits for a connection. @throws PeerUnreachable */
  ready(timeoutMs: number): Promise<void>;
  close(): void;
};
const OPTIONS = {
  'grpc.max_receive_message_length': HARD_MESSAGE_BYTES,
  'grpc.max_send_message_length': HARD_MESSAGE_BYTES,
  'grpc-node.flow_control_window': WINDOW_BYTES,
  'grpc.enable_channelz': 0, // nobody reads it, and it keeps a trace of every call
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.enable_retries': 0, // whoever calls decides what may be sent twice
  'grpc.per_rpc_retry_buffer_size': 1_024, // more would stand between the source and the socket: no back-pressure, and quadratic work
};

/** @param address `host:port` */
export function createRpcClient<S extends GenServiceMethods>(
  service: GenService<S>,
  address: string,
  options: RpcClientOptions = {},
): RpcClient<S> {
  const { bearer, unaryMs = 10_000, streamMs = 3_600_000, credentials = ChannelCredentials.createInsecure() } = options;
  const channel = new Client(address, credentials, OPTIONS);
  const authorization = bearer === undefined ? undefined : bearerHeader(bearer);
  const prepare = (defaultMs: number, { timeoutMs = defaultMs, headers = {} }: CallOptions) => {
    const metadata = new Metadata();
    if (authorization) metadata.set('authorization', authorization);
    for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
    return [metadata, { deadline: Date.now() + timeoutMs }] as const;
  };
  const api: Record<string, unknown> = {
    close: () => channel.close(),
    ready: (timeoutMs: number) =>
      new Promise<void>((resolve, reject) => {
        channel.waitForReady(Date.now() + timeoutMs, (error) =>
          error ? reject(rejection('PeerUnreachable', `${address} does not answer`, { cause: error, details: { address } })) : resolve(),
        );
      }),
  };
  for (const method of (service as DescService).methods) api[method.localName] = callerOf(channel, method, prepare, { unaryMs, streamMs });
  return api as RpcClient<S>;
}

type Prepare = (defaultMs: number, options: CallOptions) => readonly [Metadata, { deadline: number }];

function callerOf(channel: Client, method: DescMethod, prepare: Prepare, { unaryMs, streamMs }: { unaryMs: number; streamMs: number }) {
  const d = methodDefinition(method, 'client');
  const head = [d.path, d.requestSerialize, d.responseDeserialize] as const;
  type Done = (error: unknown, value?: unknown) => void;
  const single = (start: (done: Done) => Call, request: unknown, options: CallOptions) =>
    new Promise<unknown>((resolve, reject) => {
      let release = () => {};
      let sourceError: unknown;
      const call = start((error, value) => {
        release();
        if (sourceError !== undefined) reject(sourceError);
        else if (error) reject(fromStatus(error));
        else resolve(value);
      });
      release = follow(call, options);
      if (method.methodKind === 'client_streaming')
        void feed(call as ClientWritableStream<unknown>, request as AsyncIterable<unknown>).catch((error) => {
          sourceError = error;
          call.cancel();
        });
    });
  switch (method.methodKind) {
    case 'unary':
      return (request: unknown, options: CallOptions = {}) =>
        single((done) => channel.makeUnaryRequest(...head, request, ...prepare(unaryMs, options), done), request, options);
    case 'client_streaming':
      return (request: unknown, options: CallOptions = {}) =>
        single((done) => channel.makeClientStreamRequest(...head, ...prepare(unaryMs, options), done), request, options);
    case 'server_streaming':
      return (request: unknown, options: CallOptions = {}) =>
        read(() => channel.makeServerStreamRequest(...head, request, ...prepare(streamMs, options)), options);
    case 'bidi_streaming':
      return (request: unknown, options: CallOptions = {}) =>
        read(() => channel.makeBidiStreamRequest(...head, ...prepare(streamMs, options)), options, request as AsyncIterable<unknown>);
  }
}

/** Ties the signal to the call. Returns what takes the listener off again: signals may live longer than calls. */
function follow(call: Call, { signal, onHeaders }: CallOptions): () => void {
  const cancel = () => call.cancel();
  if (onHeaders) call.on('metadata', (metadata: Metadata) => onHeaders(textHeaders(metadata)));
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  return () => signal?.removeEventListener('abort', cancel);
}

/** Starts at the first read and cancels when the reader leaves early: grpc-js alone would let the call run on. */
async function* read(
  start: () => ClientReadableStream<unknown>,
  options: CallOptions,
  requests?: AsyncIterable<unknown>,
): AsyncGenerator<unknown> {
  const call = start();
  const release = follow(call, options);
  let sourceError: unknown;
  call.on('error', () => {}); // the status of a cancelled call arrives when nobody iterates any more
  if (requests)
    void feed(call as unknown as ClientWritableStream<unknown>, requests).catch((error) => {
      sourceError = error;
      call.cancel();
    });
  try {
    yield* call;
  } catch (error) {
    throw sourceError ?? fromStatus(error);
  } finally {
    release();
    call.cancel();
  }
}

/** Writes the source with back-pressure; stops, and ends the source, once the call has its status. @throws what the source throws */
async function feed(call: ClientWritableStream<unknown>, source: AsyncIterable<unknown>): Promise<void> {
  const over = new AbortController();
  const items = source[Symbol.asyncIterator]();
  call.once('status', () => {
    over.abort();
    void items.return?.()?.then(undefined, () => {});
  });
  for (let next = await items.next(); !next.done && !over.signal.aborted; next = await items.next()) {
    if (!call.write(next.value)) await once(call, 'drain', { signal: over.signal }).catch(() => {});
  }
  if (!over.signal.aborted) call.end();
}

const textHeaders = (metadata: Metadata): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata.getMap()).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
