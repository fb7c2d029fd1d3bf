/** grpc.reflection.v1 out of the descriptors that generated code carries: nothing is read from disk. */

import { createRegistry, type DescFile, type DescService, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { reflection } from '@bursar/protocol/rpc';
import { status } from '@grpc/grpc-js';

export const reflectionDescriptor = reflection.ServerReflection;
type Request = reflection.ServerReflectionRequest;

/** Handlers over a list that may still grow until the server listens. */
export function reflectionHandlers(services: readonly DescService[]) {
  let index: ReturnType<typeof indexOf> | undefined;
  return {
    async *serverReflectionInfo(requests: AsyncIterable<Request>) {
      for await (const request of requests) {
        if (index?.count !== services.length) index = indexOf(services);
        yield { validHost: request.host, originalRequest: request, messageResponse: answer(request, services, index) };
      }
    },
  };
}

function answer({ messageRequest: { case: kind, value } }: Request, services: readonly DescService[], index: ReturnType<typeof indexOf>) {
  if (kind === 'listServices')
    return { case: 'listServicesResponse' as const, value: { service: services.map((s) => ({ name: s.typeName })) } };
  const file = kind === 'fileByFilename' ? index.byName(value) : kind === 'fileContainingSymbol' ? index.bySymbol(value) : undefined;
  if (!file) return { case: 'errorResponse' as const, value: { errorCode: status.NOT_FOUND, errorMessage: 'not found' } };
  const fileDescriptorProto = [...withDependencies(file)].map((f) => toBinary(FileDescriptorProtoSchema, f.proto));
  return { case: 'fileDescriptorResponse' as const, value: { fileDescriptorProto } };
}

function indexOf(services: readonly DescService[]) {
  const files = new Set<DescFile>();
  for (const service of services) withDependencies(service.file, files);
  const registry = createRegistry(...files);
  const names = new Map([...files].flatMap((f) => [f.name, `${f.name}.proto`].map((name) => [name, f] as const)));
  return {
    count: services.length,
    byName: (name: string) => names.get(name),
    /** A type, or a method or field inside one. */
    bySymbol: (symbol: string) => (registry.get(symbol) ?? registry.get(symbol.slice(0, symbol.lastIndexOf('.'))))?.file,
  };
}

function withDependencies(file: DescFile, seen = new Set<DescFile>()): Set<DescFile> {
  if (!seen.has(file)) {
    seen.add(file);
    for (const dependency of file.dependencies) withDependencies(dependency, seen);
  }
  return seen;
}
