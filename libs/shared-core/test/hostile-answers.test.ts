/** Errors as other programs send them: whatever they say of themselves, what we make of them has a code, and can be sent on. */
import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { errorDetails, rpcStatus } from '@bursar/protocol/rpc';
import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import { checkAnswer, errorHeaders } from '../src/messaging/delivery.ts';
import { fromStatus, toStatus } from '../src/rpc/status.ts';

const NAME = Object.keys(errorHeaders(new Error()))[0] as string;
const headerOf = (error: object) =>
  encodeURIComponent(JSON.stringify({ reason: 'X', message: 'm', remedy: 'r', severity: 'low', ...error }));
const errorOf = (header: string): unknown => {
  try {
    checkAnswer({ subject: 'a', data: new Uint8Array(), headers: { [NAME]: header } });
  } catch (e) {
    return e;
  }
  return undefined;
};

describe('an error in a header', () => {
  it.each<[string, string, number]>([
    ['as we send it', headerOf({ code: 5001 }), 5001],
    ['without a code', headerOf({}), 9000],
    ['with a code that is a word', headerOf({ code: 'full' }), 9000],
    ['with a code that is no whole number', headerOf({ code: 0.5 }), 9000],
    ['that is no object', 'null', 9000],
    ['that is no JSON', '%7B', 9000],
    ['that is not even encoded', '%', 9000],
  ])('%s', (_, header, code) => {
    expect(errorOf(header)).toMatchObject({ code });
    expect(toStatus(errorOf(header)).code).toBeDefined();
  });
});

describe('an error in a trailer', () => {
  const failure = (metadata: Record<string, string>) => {
    const info = create(errorDetails.ErrorInfoSchema, { reason: 'X', domain: 'bursar', metadata });
    const details = [anyPack(errorDetails.ErrorInfoSchema, info)];
    const trailer = new Metadata();
    trailer.set('grpc-status-details-bin', Buffer.from(toBinary(rpcStatus.StatusSchema, create(rpcStatus.StatusSchema, { details }))));
    return Object.assign(new Error('m'), { code: status.UNAVAILABLE, details: 'm', metadata: trailer });
  };
  it.each<[string, Record<string, string>, number]>([
    ['as we send it', { code: '5001' }, 5001],
    ['without a code is that of a stranger', {}, 6001],
    ['with a code that is a word is that of a stranger', { code: 'full' }, 6001],
  ])('%s', (_, metadata, code) => {
    expect(fromStatus(failure(metadata))).toMatchObject({ code });
  });
});
