import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  activeTraceId,
  activeTraceparent,
  activeTracestate,
  contextFrom,
  createLogger,
  createMemoryBus,
  createRpcClient,
  createRpcServer,
  MAX_LINKS,
  rejection,
  SpanKind,
  startSpan,
  startSpanFrom,
  startTelemetry,
  type Telemetry,
  traceparentOf,
  withSpan,
} from '../src/index.ts';
import { Echo } from './support/echo.ts';

interface Ended {
  name: string;
  kind: SpanKind;
  links: unknown[];
  attributes: Record<string, unknown>;
  status: { code: SpanStatusCode };
  parentSpanContext?: { spanId: string; isRemote?: boolean };
  resource: { attributes: Record<string, unknown> };
  spanContext(): { traceId: string; spanId: string };
}
const ended: Ended[] = [];
const waiters: { name: string; resolve: (span: Ended) => void }[] = [];
const spanEnd = (name: string) => new Promise<Ended>((resolve) => waiters.push({ name, resolve }));
let telemetry: Telemetry;
beforeAll(async () => {
  const processor = {
    onStart() {},
    onEnd(span: unknown) {
      const one = span as Ended;
      ended.push(one);
      for (const waiter of waiters) if (one.name === waiter.name) waiter.resolve(one);
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  telemetry = await startTelemetry({ service: 'consensus', instance: 'validator-2', spanProcessors: [processor] });
});
afterAll(() => telemetry.stop());
afterEach(() => {
  ended.length = 0;
  waiters.length = 0;
});

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('O1 spans', () => {
  it('carry service name and instance', async () => {
    await withSpan('x', {}, () => {});
    expect(ended[0]?.resource.attributes).toMatchObject({ 'service.name': 'consensus', 'service.instance.id': 'validator-2' });
  });
  it('withSpan nests, marks errors by their reason and passes them on', async () => {
    const thrown = rejection('QueueFull');
    await expect(withSpan('outer', {}, () => withSpan('inner', {}, async () => Promise.reject(thrown)))).rejects.toBe(thrown);
    const [inner, outer] = ended;
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect(inner).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': 'QUEUE_FULL', 'bursar.code': 5001 },
    });
  });
  it('A5: a stored traceparent becomes the parent again, with its state', async () => {
    await withSpan('executed later', { parent: contextFrom(PARENT, 'vendor=1') }, () => {
      expect(activeTraceparent()?.slice(0, 36)).toBe(PARENT.slice(0, 36));
      expect(activeTraceId()).toBe(PARENT.slice(3, 35));
      expect(activeTracestate()).toBe('vendor=1');
    });
    expect(ended[0]?.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true });
    const span = startSpanFrom(PARENT, 'again');
    expect(traceparentOf(span)?.slice(3, 35)).toBe(PARENT.slice(3, 35));
    span.end();
  });
  it.each([
    undefined,
    '',
    'rubbish',
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  ])('traceparent %j gives a root span', (text) => {
    const span = startSpanFrom(text, 'root');
    span.end();
    expect(ended[0]?.parentSpanContext).toBeUndefined();
    expect(span.spanContext().traceId).toMatch(/[1-9a-f]/);
  });
  it('at most 128 links, the rest is counted', () => {
    startSpan('block', { links: [...Array.from({ length: 200 }, () => PARENT), 'rubbish'] }).end();
    expect(ended[0]?.links).toHaveLength(MAX_LINKS);
    expect(ended[0]?.attributes).toEqual({ 'bursar.links.dropped': 73 });
  });
  it('logs carry the ids of the active span', async () => {
    const out: string[] = [];
    const log = createLogger({ service: 's', instance: 'i', destination: { write: (line) => void out.push(line) } });
    await withSpan('x', { parent: PARENT }, () => log.info('inside'));
    expect(JSON.parse(out[0] ?? '{}')).toMatchObject({ trace_id: PARENT.slice(3, 35), span_id: ended[0]?.spanContext().spanId });
  });
});

describe('A5 over gRPC', () => {
  async function* forever() {
    for (let number = 0; ; number++) yield { text: 'n', number };
  }
  async function* three() {
    for (let number = 0; number < 3; number++) yield { text: 'n', number };
  }
  const seen: (string | undefined)[] = [];
  const server = createRpcServer();
  let client: ReturnType<typeof createRpcClient<(typeof Echo)['method']>>;
  beforeAll(async () => {
    server.add(
      Echo,
      {
        async say(note) {
          seen.push(activeTraceId());
          return note;
        },
        count: () => forever(),
        async collect(notes) {
          for await (const _ of notes) seen.push(activeTraceId());
          return { text: 'done' };
        },
        async *chat(notes) {
          for await (const note of notes) {
            seen.push(activeTraceId());
            yield note;
          }
        },
      },
      'public',
    );
    client = createRpcClient(Echo, `127.0.0.1:${await server.listen('127.0.0.1', 0)}`);
  });
  afterAll(async () => {
    client.close();
    await server.stop(100);
  });
  afterEach(() => {
    seen.length = 0;
  });

  it.each(['say', 'collect', 'chat'] as const)(
    '%s: client span, server span and handler are one trace; the reply says its id',
    async (kind) => {
      const serverEnd = spanEnd(`grpc.bursar.test.v1.Echo/${{ say: 'Say', collect: 'Collect', chat: 'Chat' }[kind]}`);
      let header: string | undefined;
      const onHeaders = (headers: Readonly<Record<string, string>>) => {
        header = headers['x-trace-id'];
      };
      const traceId = await withSpan('caller', {}, async (span: Span) => {
        if (kind === 'say') await client.say({ text: 'x' }, { onHeaders });
        else if (kind === 'collect') await client.collect(three(), { onHeaders });
        else for await (const _ of client.chat(three(), { onHeaders }));
        return span.spanContext().traceId;
      });
      await serverEnd;
      expect(header).toBe(traceId);
      expect(new Set(seen)).toEqual(new Set([traceId]));
      const grpc = ended.filter((s) => s.name.startsWith('grpc.'));
      expect(grpc.every((s) => s.spanContext().traceId === traceId)).toBe(true);
      const kinds = new Map(grpc.map((s) => [s.kind, s]));
      expect(kinds.get(SpanKind.SERVER)?.parentSpanContext).toMatchObject({
        spanId: kinds.get(SpanKind.CLIENT)?.spanContext().spanId,
        isRemote: true,
      });
    },
  );
  it('the server span of a stream that the client leaves ends', async () => {
    const both = ended.length;
    const first = spanEnd('grpc.bursar.test.v1.Echo/Count');
    const servers = new Promise<Ended>((resolve) => {
      waiters.push({ name: 'grpc.bursar.test.v1.Echo/Count', resolve: (s) => s.kind === SpanKind.SERVER && resolve(s) });
    });
    for await (const note of client.count({ text: 'x' })) if (note.number === 2) break;
    await first;
    expect((await servers).kind).toBe(SpanKind.SERVER);
    expect(ended.length).toBeGreaterThan(both);
  });
});

describe('A5 over the bus', () => {
  it('a handler runs in the sender’s trace; with span, under a consumer span of its own', async () => {
    const bus = createMemoryBus();
    const got = Promise.withResolvers<string | undefined>();
    const spanned = Promise.withResolvers<string | undefined>();
    bus.subscribe('a.b', () => got.resolve(activeTraceparent()), { queueLimit: 1 });
    bus.subscribe('a.b', () => spanned.resolve(activeTraceparent()), { queueLimit: 1, span: true });
    const sent = await withSpan('send', {}, () => {
      bus.publish('a.b', new Uint8Array(1));
      return activeTraceparent();
    });
    expect(await got.promise).toBe(sent);
    expect((await spanned.promise)?.slice(0, 36)).toBe(sent?.slice(0, 36));
    expect(await spanned.promise).not.toBe(sent);
    expect(ended.find((s) => s.kind === SpanKind.CONSUMER)).toMatchObject({
      name: 'a.b process',
      attributes: { 'messaging.destination.name': 'a.b' },
    });
    expect(trace.getActiveSpan()).toBeUndefined();
  });
});
