/** Files that somebody hands over: proofs, genesis, payments, keys. */
import { readPayments } from '../../../apps/bursar/src/csv/read-payments.ts';
import { readPain001 } from '../../../apps/bursar/src/iso20022/pain001.ts';
import { pain002 } from '../../../apps/bursar/src/iso20022/pain002.ts';
import { pain001 } from '../../../apps/bursar/test/support/pain001.ts';
import { parseKeystore } from '../../../apps/crypto-signing/src/adapters/keystore.ts';
import { clientKeyProblem, formatPaymentProof, parsePaymentProof, verifyPaymentProof } from '../../../libs/client/src/index.ts';
import { parseKeyFile } from '../../../libs/client/src/key-file.ts';
import { facts, proofOf } from '../../../libs/client/test/support/proven-payment.ts';
import {
  BadGenesis,
  formatAccount,
  formatGenesis,
  isHex32,
  limits,
  parseGenesis,
  treasuryAccount,
  treasuryId,
} from '../../../libs/protocol/src/index.ts';
import { BursarError } from '../../../libs/shared-core/src/index.ts';
import * as s from '../samples.ts';
import { bytesOf, must, refusedBy, type Target, textOf, tokensOf } from '../target.ts';
import { varyJson } from '../vary-json.ts';

const JSON_TOKENS = tokensOf(
  '[',
  ']',
  '{',
  '}',
  ',',
  ':',
  '"',
  '\\',
  'null',
  'true',
  '0',
  '-0',
  '1.0',
  '1e999',
  '[]',
  '{}',
  '""',
  '[[',
  '{"":',
  '\\u0000',
  '"__proto__":',
  ' ',
);

const genuine = formatPaymentProof(proofOf(facts()));
const facts0 = JSON.stringify(parsePaymentProof(genuine));
const proof: Target = {
  name: 'proof file',
  corpus: [bytesOf(genuine), bytesOf(JSON.stringify(JSON.parse(genuine)))],
  vary: varyJson([genuine]),
  tokens: JSON_TOKENS,
  maxBytes: 1_200_000,
  share: 1,
  open: () => (bytes) => {
    const text = textOf(bytes);
    const verdict = verifyPaymentProof(text, s.genesis);
    if (!verdict.valid) return false;
    must(JSON.stringify(parsePaymentProof(text)) === facts0, 'only the payment that was made is proved');
    return true;
  },
};

const geneses = [s.genesis, { ...s.genesis, accounts: [{ id: s.hex(7), balance: 9n }] }].map(formatGenesis);
const genesis: Target = {
  name: 'genesis file',
  corpus: geneses.map(bytesOf),
  vary: varyJson(geneses),
  tokens: JSON_TOKENS,
  maxBytes: 200_000,
  share: 1,
  open: () => (bytes) => {
    const found = refusedBy(() => parseGenesis(textOf(bytes)), BadGenesis);
    if (found === undefined) return false;
    must(parseGenesis(formatGenesis(found.genesis)).chain === found.chain, 'a genesis that was taken reads as the same again');
    return true;
  },
};

const HEAD = 'client_key,payee,department,account,amount,memo,lane,depends_on,not_before';
const payee = formatAccount(s.hex(7));
const currency = { code: 'EUR', exponent: 2 };
const payments: Target = {
  name: 'payments file',
  corpus: [
    bytesOf(`${HEAD}\nk1,Ann,Ops,${payee},1250.50,rent,,,\nk2,Bob,,${payee},1,"a, ""b""",industrial,k1;k3,+8s\n`),
    bytesOf(`${HEAD}\r\nä,"Ann, B.",Ops,${payee},0.01,,consumer,,2026-12-24T08:00:00Z\r\n`),
  ],
  tokens: tokensOf('"', '""', ',', ';', '\n', '\r', '\r\n', '\ufeff', '\0', '\t', ' ', '\u2028', '=1+1'),
  maxBytes: 100_000,
  share: 1,
  open: () => (bytes) => {
    const found = readPayments(bytes, currency, s.START_MS);
    if (!found.ok) {
      must(found.problems.length > 0 && found.problems.every((p) => p.reason !== '' && p.remedy !== ''), 'a refusal says why');
      return false;
    }
    for (const { order } of found.rows) {
      must(clientKeyProblem(order.clientKey) === undefined, 'a row has a client key');
      must(isHex32(order.destination) && order.amount > 0n && order.amount < 2n ** 64n, 'a row has a payee and an amount');
      must(Number.isSafeInteger(order.notBefore), 'a row has a time');
    }
    return true;
  },
};

const XML_TOKENS = tokensOf(
  '<',
  '>',
  '/>',
  '</',
  '&amp;',
  '&x;',
  '&#0;',
  '&#x41;',
  '<![CDATA[',
  ']]>',
  '<!--',
  '-->',
  '<!DOCTYPE a [<!ENTITY x "y">]>',
  '<?xml version="1.0"?>',
  ' xmlns="urn:x"',
  'x:',
  '<CdtTrfTxInf>',
  '</CdtTrfTxInf>',
  '<PmtInf>',
  '</PmtInf>',
  '<Purp><Cd>SALA</Cd></Purp>',
  '<SplmtryData>',
  'Ccy="USD"',
  'CHK',
  'NOTPROVIDED',
  '0',
  '.',
  '-',
  '\n',
  '\ufeff',
);
const transfers = [
  { key: 'k1', amount: 125_050n, account: s.hex(7), payee: 'Ann', text: 'rent', more: '<Purp><Cd>SALA</Cd></Purp>' },
  { key: 'k2', amount: 1n, account: s.hex(7) },
];
const creditTransfers: Target = {
  name: 'pain.001 file',
  corpus: (['03', '09'] as const).map((version) => bytesOf(pain001(version, [{ date: '2026-12-24', transfers }]))),
  tokens: XML_TOKENS,
  maxBytes: 100_000,
  share: 1,
  open: () => (bytes) => {
    const treasury = { name: 'payroll', account: treasuryAccount(treasuryId('payroll')) };
    const found = readPain001(bytes, { currency, treasury, otherTreasuries: [], nowMs: s.START_MS, resolve: () => undefined });
    if (!found.ok) {
      must(found.problems.length > 0, 'a refusal says why');
      must(
        found.problems.every((p) => p.line > 0 && p.reason !== '' && p.remedy !== ''),
        'each with its line and what to do',
      );
      return false;
    }
    const { rows, message } = found;
    const named = message.payments.flatMap((p) => p.transactions);
    must(rows.length > 0 && rows.length === named.length, 'each payment is a row');
    for (const [i, { order }] of rows.entries()) {
      must(clientKeyProblem(order.clientKey) === undefined && order.clientKey === named[i]?.endToEndId, 'a row has its own key');
      must(isHex32(order.destination) && order.amount > 0n && order.amount < 2n ** 64n, 'a row has a payee and an amount');
      must(Number.isSafeInteger(order.notBefore) && Buffer.byteLength(order.memo ?? '') <= limits.memo, 'a row has a time and a memo');
    }
    const report = { message, treasury: 'payroll', id: 'x', timeMs: s.START_MS, currency, stateOf: () => undefined };
    must([...pain002(report)].join('').includes('RJCT'), 'it can be answered');
    return true;
  },
};

/** A file of ours that refuses with an error of ours, and does not say what is in it. */
function secretFile(name: string, sample: string, secret: string, parse: (path: string, text: string) => unknown): Target {
  return {
    name,
    corpus: [bytesOf(sample)],
    vary: varyJson([sample]),
    tokens: JSON_TOKENS,
    maxBytes: 8_192,
    share: 1,
    open: () => (bytes) => {
      try {
        parse('key', textOf(bytes));
        return true;
      } catch (e) {
        must(e instanceof BursarError && e.reason === 'KEY_FILE_INVALID', `only KeyFileInvalid: ${e}`);
        must(!`${e.message} ${e.remedy} ${JSON.stringify(e.details)}`.includes(secret), 'an error never quotes a secret');
        return false;
      }
    },
  };
}
const SEED = '11'.repeat(32);
const KEY = { version: 1, kind: 'ed25519', publicKey: 'd04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9778737', seed: SEED };
const STORE = {
  version: 1,
  kind: 'ed25519',
  publicKey: KEY.publicKey,
  kdf: { name: 'scrypt', salt: '01'.repeat(16), N: 32_768, r: 8, p: 1 },
  cipher: { name: 'aes-256-gcm', nonce: '02'.repeat(12), tag: '03'.repeat(16), text: '04'.repeat(32) },
};
const clientKey = secretFile('key file', JSON.stringify(KEY, null, 2), SEED, parseKeyFile);
const keystore = secretFile('keystore file', JSON.stringify(STORE, null, 2), STORE.cipher.text, parseKeystore);

export const files: readonly Target[] = [proof, genesis, payments, creditTransfers, clientKey, keystore];
