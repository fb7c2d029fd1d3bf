/** A service with all four kinds of calls and one protovalidate rule, described in place of a generated file. */

import type { Message } from '@bufbuild/protobuf';
import { create, createFileRegistry } from '@bufbuild/protobuf';
import type { GenMessage, GenService } from '@bufbuild/protobuf/codegenv2';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';

export type Note = Message<'bursar.test.v1.Note'> & { text: string; number: number; blob: Uint8Array };
type NoteDesc = GenMessage<Note>;
type Method<K> = { methodKind: K; input: NoteDesc; output: NoteDesc };

// (buf.validate.field).string.min_len = 1: extension 1159, FieldRules.string = 14, StringRules.min_len = 2
const minLength = create(FieldOptionsSchema);
minLength.$unknown = [{ no: 1159, wireType: 2, data: new Uint8Array([4, 0x72, 0x02, 0x10, 0x01]) }];

const label = FieldDescriptorProto_Label.OPTIONAL;
const method = (name: string, clientStreaming: boolean, serverStreaming: boolean) => ({
  name,
  inputType: '.bursar.test.v1.Note',
  outputType: '.bursar.test.v1.Note',
  clientStreaming,
  serverStreaming,
});
const file = create(FileDescriptorProtoSchema, {
  name: 'bursar/test/v1/echo.proto',
  package: 'bursar.test.v1',
  syntax: 'proto3',
  messageType: [
    {
      name: 'Note',
      field: [
        { name: 'text', number: 1, type: FieldDescriptorProto_Type.STRING, label, jsonName: 'text', options: minLength },
        { name: 'number', number: 2, type: FieldDescriptorProto_Type.UINT32, label, jsonName: 'number' },
        { name: 'blob', number: 3, type: FieldDescriptorProto_Type.BYTES, label, jsonName: 'blob' },
      ],
    },
  ],
  service: [
    {
      name: 'Echo',
      method: [method('Say', false, false), method('Count', false, true), method('Collect', true, false), method('Chat', true, true)],
    },
  ],
});
const registry = createFileRegistry(file, () => undefined);

export const NoteSchema = registry.getMessage('bursar.test.v1.Note') as unknown as NoteDesc;
export type EchoService = {
  say: Method<'unary'>;
  count: Method<'server_streaming'>;
  collect: Method<'client_streaming'>;
  chat: Method<'bidi_streaming'>;
};
export const Echo = registry.getService('bursar.test.v1.Echo') as unknown as GenService<EchoService>;
