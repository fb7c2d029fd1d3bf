/** protobuf-es service descriptors as grpc-js method definitions, and the types of handlers and clients. */
import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import type { MethodDefinition } from '@grpc/grpc-js';
import { type BursarError, rejection } from '../errors.ts';

/** Largest message, both ways: 16 MiB. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** Beyond this grpc-js itself cuts the call, without details; between the two the caller gets a full error. */
export const HARD_MESSAGE_BYTES = MAX_MESSAGE_BYTES + 1024 * 1024;
/** HTTP/2 flow control: with the default of 64 KiB a batch of half a megabyte crosses in eight round trips. */
export const WINDOW_BYTES = 4 * 1024 * 1024;

type In<M> = M extends { input: infer I extends DescMessage } ? I : never;
type Out<M> = M extends { output: infer O extends DescMessage } ? O : never;
type Kind<M> = M extends { methodKind: infer K } ? K : never;
type Req<M, Shape> = Kind<M> extends 'unary' | 'server_streaming' ? Shape : AsyncIterable<Shape>;
type Reply<M, Shape> = Kind<M> extends 'unary' | 'client_streaming' ? Promise<Shape> : AsyncIterable<Shape>;

/** What a server implements: promises for single replies, async iterables for streams. `C` is the context type. */
export type HandlersOf<S extends GenServiceMethods, C> = {
  [K in keyof S]: (request: Req<S[K], MessageShape<In<S[K]>>>, context: C) => Reply<S[K], MessageInitShape<Out<S[K]>>>;
};
/** What a client calls. `O` is the options type. */
export type MethodsOf<S extends GenServiceMethods, O> = {
  [K in keyof S]: (request: Req<S[K], MessageInitShape<In<S[K]>>>, options?: O) => Reply<S[K], MessageShape<Out<S[K]>>>;
};

/** A request that could not be decoded: carried to the wrapper, which answers it with details. */
export class Undecodable {
  readonly error: BursarError;
  constructor(error: BursarError) {
    this.error = error;
  }
}

const encode = (schema: DescMessage) => (message: unknown) => {
  const bytes = toBinary(schema, create(schema, message as never)); // create() takes a message or its init shape
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};
const decode = (schema: DescMessage) => (bytes: Buffer) => fromBinary(schema, bytes);
const decodeRequest = (schema: DescMessage) => (bytes: Buffer) => {
  if (bytes.byteLength > MAX_MESSAGE_BYTES)
    return new Undecodable(
      rejection('MalformedMessage', `the request has ${bytes.byteLength} bytes, more than ${MAX_MESSAGE_BYTES}`, {
        remedy: 'Split the request.',
      }),
    );
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    return new Undecodable(rejection('MalformedMessage', `the request is no ${schema.typeName}`, { cause }));
  }
};

export const streamsIn = (m: DescMethod): boolean => m.methodKind === 'client_streaming' || m.methodKind === 'bidi_streaming';
export const streamsOut = (m: DescMethod): boolean => m.methodKind === 'server_streaming' || m.methodKind === 'bidi_streaming';

export function methodDefinition(m: DescMethod, side: 'client' | 'server'): MethodDefinition<unknown, unknown> {
  return {
    path: `/${m.parent.typeName}/${m.name}`,
    requestStream: streamsIn(m),
    responseStream: streamsOut(m),
    requestSerialize: encode(m.input),
    requestDeserialize: side === 'server' ? decodeRequest(m.input) : decode(m.input),
    responseSerialize: encode(m.output),
    responseDeserialize: decode(m.output),
    originalName: m.localName,
  };
}
