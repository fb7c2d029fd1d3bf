/** An OTLP/JSON collector over HTTP: keeps every span that the processes export. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ExportedSpan {
  readonly service: string;
  readonly instance: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}
export interface Collector {
  readonly spans: readonly ExportedSpan[];
  /** What a process needs to export here. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface Payload {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly Attribute[] };
    readonly scopeSpans?: readonly { readonly spans?: readonly Record<string, unknown>[] }[];
  }[];
}
const plain = (all: readonly Attribute[] = []): Record<string, unknown> =>
  Object.fromEntries(all.map((a) => [a.key, Object.values(a.value)[0]]));

function* spansOf(payload: Payload): Generator<ExportedSpan> {
  for (const { resource, scopeSpans = [] } of payload.resourceSpans ?? []) {
    const about = plain(resource?.attributes);
    for (const raw of scopeSpans.flatMap((s) => s.spans ?? []))
      yield {
        service: String(about['service.name']),
        instance: String(about['service.instance.id']),
        traceId: String(raw['traceId']),
        spanId: String(raw['spanId']),
        parentSpanId: String(raw['parentSpanId'] ?? ''),
        name: String(raw['name']),
        kind: Number(raw['kind']),
        attributes: plain(raw['attributes'] as Attribute[]),
        links: (raw['links'] as ExportedSpan['links'] | undefined) ?? [],
      };
  }
}

export async function startCollector(): Promise<Collector> {
  const spans: ExportedSpan[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    spans.push(...spansOf(JSON.parse(Buffer.concat(chunks).toString()) as Payload));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    spans,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
