/**
 * A proof file, version 1: JSON, every binary field as lower-case hexadecimal of canonical bytes (one spelling for each value).
 * It shows one payment, its approvals and the certified header above its receipt, and nothing of any other payment.
 */
import { isHex32 } from '@bursar/protocol';

export interface InclusionFields {
  readonly index: number;
  readonly count: number;
  readonly path: readonly Uint8Array[];
}
export interface PaymentProof {
  /** Chain id: digest of the genesis, which the verifier brings along. */
  readonly chain: string;
  /** Disbursement id. */
  readonly disbursement: string;
  /** Import digest: what the approvers signed. */
  readonly import: string;
  /** Canonical body of the disbursement. */
  readonly body: Uint8Array;
  /** Place of the payment in the import's tree. */
  readonly inImport: InclusionFields;
  /** Canonical policy of the treasury, numbered: the one whose digest the receipt bears. */
  readonly policy: Uint8Array;
  /** Canonical signed approve transactions, ascending by approver. */
  readonly approvals: readonly Uint8Array[];
  /** Canonical payment result and its place under the results root. */
  readonly receipt: { readonly leaf: Uint8Array } & InclusionFields;
  /** Canonical header of the height after the payment. */
  readonly header: Uint8Array;
  /** Canonical commit certificate of that header. */
  readonly certificate: Uint8Array;
}

/** The text is no proof file; the message says at which field. */
export class BadProofFile extends Error {
  override readonly name = 'BadProofFile';
}

export const MAX_PROOF_BYTES = 1_048_576;
const KIND = 'bursar/payment-proof';
const MAX_DEPTH = 64;
/** As many as a policy can ask for: eight roles of 64. */
const MAX_APPROVALS = 512;

const hex = (b: Uint8Array): string => Buffer.from(b.buffer, b.byteOffset, b.byteLength).toString('hex');
const inclusion = ({ index, count, path }: InclusionFields) => ({ index, count, path: path.map(hex) });

export function formatPaymentProof(p: PaymentProof): string {
  const json = {
    version: 1,
    kind: KIND,
    chain: p.chain,
    disbursement: p.disbursement,
    import: p.import,
    body: hex(p.body),
    inImport: inclusion(p.inImport),
    policy: hex(p.policy),
    approvals: p.approvals.map(hex),
    receipt: { leaf: hex(p.receipt.leaf), ...inclusion(p.receipt) },
    header: hex(p.header),
    certificate: hex(p.certificate),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** @throws BadProofFile for anything that `formatPaymentProof` cannot have meant. */
export function parsePaymentProof(text: string): PaymentProof {
  if (text.length > MAX_PROOF_BYTES) throw new BadProofFile(`the file is larger than ${MAX_PROOF_BYTES} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new BadProofFile('the file is not JSON');
  }
  const top = object('the file', json, [
    'version',
    'kind',
    'chain',
    'disbursement',
    'import',
    'body',
    'inImport',
    'policy',
    'approvals',
    'receipt',
    'header',
    'certificate',
  ]);
  if (top['version'] !== 1) throw new BadProofFile('version must be 1');
  if (top['kind'] !== KIND) throw new BadProofFile(`kind must be ${KIND}`);
  const inImport = object('inImport', top['inImport'], ['index', 'count', 'path']);
  const receipt = object('receipt', top['receipt'], ['leaf', 'index', 'count', 'path']);
  const proof = {
    chain: digest('chain', top['chain']),
    disbursement: digest('disbursement', top['disbursement']),
    import: digest('import', top['import']),
    body: bytes('body', top['body']),
    inImport: place('inImport', inImport),
    policy: bytes('policy', top['policy']),
    approvals: list('approvals', top['approvals'], MAX_APPROVALS),
    receipt: { leaf: bytes('receipt.leaf', receipt['leaf']), ...place('receipt', receipt) },
    header: bytes('header', top['header']),
    certificate: bytes('certificate', top['certificate']),
  };
  // A field that stands twice, 1.0 for 1, an escape for a character: whoever reads the file must read what was verified.
  // Last: what nests too deep to be written again has not come so far.
  if (text.replace(/[ \t\r\n]/g, '') !== JSON.stringify(json)) throw new BadProofFile('the file has a second spelling of a field');
  return proof;
}

type Json = Readonly<Record<string, unknown>>;

function object(at: string, value: unknown, names: readonly string[]): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadProofFile(`${at} must be an object`);
  for (const name of Object.keys(value))
    if (!names.includes(name)) throw new BadProofFile(`${at} has the unknown field ${name.slice(0, 64)}`);
  for (const name of names) if (!Object.hasOwn(value, name)) throw new BadProofFile(`${at} lacks the field ${name}`);
  return value as Json;
}
function digest(at: string, value: unknown): string {
  if (typeof value !== 'string' || !isHex32(value)) throw new BadProofFile(`${at} must be 64 lower-case hexadecimal digits`);
  return value;
}
function bytes(at: string, value: unknown): Uint8Array {
  if (typeof value !== 'string' || value.length % 2 !== 0 || !/^[0-9a-f]*$/.test(value))
    throw new BadProofFile(`${at} must be lower-case hexadecimal digits`);
  return new Uint8Array(Buffer.from(value, 'hex'));
}
function list(at: string, value: unknown, max: number): Uint8Array[] {
  if (!Array.isArray(value) || value.length > max) throw new BadProofFile(`${at} must be a list of at most ${max}`);
  return value.map((v, i) => bytes(`${at}[${i}]`, v));
}
function place(at: string, o: Json): InclusionFields {
  const integer = (name: string): number => {
    const v = o[name];
    if (typeof v !== 'number' || !Number.isSafeInteger(v) || v < 0) throw new BadProofFile(`${at}.${name} must be a whole number`);
    return v;
  };
  return { index: integer('index'), count: integer('count'), path: list(`${at}.path`, o['path'], MAX_DEPTH) };
}
