import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  batchCodec,
  batchRef,
  block,
  bodyHash,
  type Codec,
  certificate,
  DecodeError,
  type DisbursementBody,
  decode,
  decodeTransaction,
  digest,
  disbursementBody,
  disbursementId,
  encode,
  encodeTransaction,
  evidence,
  findRejection,
  formatAccount,
  formatAmount,
  genesisCodec,
  hash,
  header,
  message,
  newView,
  parseAccount,
  parseAmount,
  rejections,
  result,
  signedTransaction,
  signedVote,
  toHex,
  transactionCodec,
  transactionHash,
  transactionId,
  treasuryAccount,
  treasuryId,
  viewChange,
  voteHash,
} from '../src/index.ts';

const id = (n: number): string => n.toString(16).padStart(64, '0');

describe('hashes', () => {
  it('the domain stands before the parts, with its length', async () => {
    const { createHash } = await import('node:crypto');
    const plain = createHash('sha256')
      .update(Buffer.from([3]))
      .update('abc')
      .update(Buffer.from([1, 2]))
      .digest('hex');
    expect(toHex(hash('abc', new Uint8Array([1]), new Uint8Array([2])))).toBe(plain);
    expect(digest('abc', new Uint8Array([1, 2]))).toBe(plain);
  });
  it('two phases never share what is signed', () => {
    const vote = { chain: id(1), epoch: 0, height: 5, view: 0, phase: 'prepare', digest: id(2) } as const;
    expect(toHex(voteHash(vote))).not.toBe(toHex(voteHash({ ...vote, phase: 'commit' })));
  });
});

describe('published vectors (docs/protocol.md, "Vectors")', () => {
  const body: DisbursementBody = {
    treasury: treasuryId('Example Ltd'),
    clientKey: 'salary-2026-11-0001',
    destination: id(7),
    amount: 325_000n,
    lane: 'consumer',
    notBefore: 0,
    dependsOn: [],
    payee: undefined,
    expectedReceipts: [],
    revision: 0,
    reverses: undefined,
    memo: 'Salary',
  };
  const tx = encodeTransaction({ chain: id(1), signer: id(2), nonce: 3n, action: { kind: 'transfer', to: id(4), amount: 5n, memo: '' } });
  const rows: [sentence: string, actual: string, expected: string][] = [
    ['treasury id', treasuryId('Example Ltd'), 'a3f28e62e3fc4b9cf122c9d08a7c44c71edc9314c663299a724200932ff223ce'],
    ['treasury account', treasuryAccount(treasuryId('Example Ltd')), 'd76eecead60cff2b5706e0482b0fa8956535ebc36b33a0209cfdb83d706b2657'],
    ['disbursement id', disbursementId(body.treasury, body.clientKey), '84e2f2f0640a1b7b76564a67b711357e6e6aba02d3b6dab015f45d02c4a82fd8'],
    ['body hash', bodyHash(body), 'e958664148bd6c3ed46c4bdeb1900143a71608dbb367a1cf7bafaeaaf87b2d42'],
    [
      'transfer, canonical',
      toHex(tx),
      '0001000000000000000000000000000000000000000000000000000000000000000100000000000000000000000000000000000000000000000000000000000000020000000000000003010000000000000000000000000000000000000000000000000000000000000004000000000000000500000000',
    ],
    ['transfer, id', transactionId(tx), '7ea52a6f9b2f8a61caae8e1d8ea71e1bb772a3030682b068ab056022f94b0f3c'],
    [
      'prepare vote, signed hash',
      toHex(voteHash({ chain: id(1), epoch: 0, height: 9, view: 2, phase: 'prepare', digest: id(3) })),
      '7bfde3e97740eeb7332158f4d50cfa9203e05d398607ab63f5e00276d9581932',
    ],
    ['account as text', formatAccount(id(7)), 'bur1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqrs8t2qaq'],
  ];
  it.each(rows)('%s', (_, actual, expected) => expect(actual).toBe(expected));
  it('the id of a transaction is the hash that is signed', () => expect(toHex(transactionHash(tx))).toBe(transactionId(tx)));
  it('a transaction decodes to what it was made from', () => {
    expect(decodeTransaction(tx)).toEqual({
      version: 1,
      chain: id(1),
      signer: id(2),
      nonce: 3n,
      action: { kind: 'transfer', to: id(4), amount: 5n, memo: '' },
    });
  });
});

describe('every decoder survives any bytes', () => {
  const decoders: Record<string, Codec<unknown>> = {
    transactionCodec,
    signedTransaction,
    disbursementBody,
    batchCodec,
    batchRef,
    header,
    block,
    certificate,
    signedVote,
    message,
    viewChange,
    newView,
    result,
    genesisCodec,
    evidence,
  };
  it.each(Object.entries(decoders))('%s', (_, codec) => {
    const check = (input: Uint8Array): void => {
      let value: unknown;
      try {
        value = decode(codec, input);
      } catch (e) {
        expect(e).toBeInstanceOf(DecodeError);
        return;
      }
      expect(toHex(encode(codec, value))).toBe(toHex(input));
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), check), { numRuns: 3_000 });
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0, 0, 1, 2, 255), { maxLength: 600 }), (a) => check(new Uint8Array(a))),
      { numRuns: 3_000 },
    );
  });
});

describe('accounts as text', () => {
  it('every id survives the way to text and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (raw) =>
        expect(parseAccount(formatAccount(toHex(raw)))).toBe(toHex(raw)),
      ),
    );
  });
  it('one changed character is noticed', () => {
    const good = formatAccount(id(7));
    for (let i = 0; i < good.length; i++)
      expect(parseAccount(good.slice(0, i) + (good[i] === 'q' ? 'p' : 'q') + good.slice(i + 1))).toBeUndefined();
  });
  it.each([
    ['', 'nothing'],
    ['bur1', 'no data'],
    ['bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr', 'another prefix'],
  ])('refuses %j: %s', (input) => {
    expect(parseAccount(input)).toBeUndefined();
  });
});

describe('amounts', () => {
  const rows: [text: string, exponent: number, units: bigint | undefined, why: string][] = [
    ['1250.50', 2, 125_050n, 'decimals become base units'],
    ['1250', 2, 125_000n, 'decimals may be missing'],
    ['0.01', 2, 1n, 'the smallest unit'],
    ['184467440737095516.15', 2, 2n ** 64n - 1n, 'the largest amount'],
    ['184467440737095516.16', 2, undefined, 'more than u64'],
    ['1.234', 2, undefined, 'more decimals than the currency has'],
    ['-1', 2, undefined, 'a sign'],
    ['1e3', 2, undefined, 'an exponent'],
    ['1,000', 2, undefined, 'a separator'],
    ['01', 2, undefined, 'a leading zero'],
    ['.5', 2, undefined, 'no digit before the point'],
    ['5.', 2, undefined, 'no digit behind the point'],
    ['', 2, undefined, 'nothing'],
    ['7', 0, 7n, 'a currency without decimals'],
  ];
  it.each(rows)('%j with %i decimals', (input, exponent, units) => expect(parseAmount(input, exponent)).toBe(units));
  it.each([
    [125_050n, 2, '1,250.50'],
    [1n, 2, '0.01'],
    [1_000_000n, 0, '1,000,000'],
  ])('%s units with %i decimals print as %s', (units, exponent, printed) => {
    expect(formatAmount(units, exponent)).toBe(printed);
  });
});

describe('C4 rejections', () => {
  it('numbers are unique and every one has words for reason and remedy', () => {
    const all = Object.values(rejections);
    expect(new Set(all.map((r) => r.code)).size).toBe(all.length);
    for (const r of all) {
      expect(findRejection(r.code)).toBe(r);
      expect(r.reason).toMatch(/\.$/);
      expect(r.remedy.length).toBeGreaterThan(5);
    }
  });
  it.each([
    ['InvalidSignature', 1001, 'critical'],
    ['UnknownValidator', 1002, 'medium'],
    ['SignatureVerificationTimeout', 1003, 'medium'],
    ['MalformedMessage', 1004, 'medium'],
    ['OutOfSequence', 2001, 'high'],
    ['DuplicateMessage', 2002, 'medium'],
    ['MessageExpired', 2003, 'medium'],
    ['SequenceGap', 2004, 'medium'],
    ['InvalidPhase', 3001, 'high'],
    ['InvalidView', 3002, 'medium'],
    ['WrongValidator', 3003, 'medium'],
    ['QuorumNotReached', 4001, 'medium'],
    ['ConflictingVotes', 4002, 'medium'],
    ['EquivocationDetected', 4003, 'critical'],
    ['QueueFull', 5001, 'low'],
    ['RateLimited', 5002, 'low'],
    ['ProcessingTimeout', 5003, 'medium'],
    ['InsufficientResources', 5004, 'medium'],
    ['PeerUnreachable', 6001, 'medium'],
    ['NetworkPartitionDetected', 6002, 'medium'],
  ] as const)('%s is %i, %s', (name, code, severity) => expect(rejections[name]).toMatchObject({ code, severity }));
});
