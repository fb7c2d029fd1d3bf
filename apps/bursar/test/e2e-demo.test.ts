import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bursar, json, processesOf, type Ran, scratch } from './support/program.ts';

const at = scratch('demo');
const reportFile = at.path('report.json');
let ran: Ran;
let report: Record<string, unknown>;
beforeAll(async () => {
  ran = await bursar(['demo', '--dir', at.path('net'), '--report', reportFile]);
  report = existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, 'utf8')) : {};
}, 180_000);
afterAll(at.remove);

describe('the demonstration', () => {
  it('ends with code 0 and a summary that a treasurer understands', () => {
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toMatch(/Paid 497 of 500 payments, [\d,.]+ EUR in all; each exactly once\./);
    expect(ran.stdout).toMatch(/verified offline/);
  });
  it('accounts for every payment: paid, held back with a reason, or cancelled', () => {
    expect(report).toMatchObject({ imported: 500, paid: 497, cancelled: 1, proofVerified: true });
    expect(Object.keys(report['audited'] as object)).toHaveLength(4);
    const held = report['held'] as { id: string; reason: string }[];
    expect(held.map((h) => h.reason).sort()).toEqual(['BlockedByDependency', 'InsufficientFunds']);
    expect(Number(report['paid']) + held.length + Number(report['cancelled'])).toBe(report['imported']);
    expect(report['totalPaid']).toMatch(/^\d+$/);
  });
  it('ends with one state root on all four validators', () => {
    const validators = report['validators'] as { id: string; height: number; stateRoot: string }[];
    expect(validators.map((v) => v.id)).toEqual(['validator-0', 'validator-1', 'validator-2', 'validator-3']);
    expect(new Set(validators.map((v) => `${v.height} ${v.stateRoot}`)).size).toBe(1);
  });
  it('had at least 30 % to pay when it killed a process, and measured in milliseconds and per second', () => {
    expect(report['outstandingAtKill']).toBeGreaterThanOrEqual(150);
    expect(report).toMatchObject({
      finalityMs: { p50: expect.any(Number), p99: expect.any(Number) },
      paymentsPerSecond: expect.any(Number),
    });
    expect(report['traceId']).toMatch(/^[0-9a-f]{32}$/);
  });
  it('leaves nothing running', () => {
    expect(processesOf(at.dir)).toEqual([]);
  });
});

describe('verify, with nothing running', () => {
  const verify = (proof: string, genesis = String(report['genesisFile'])) => bursar(['verify', proof, '--genesis', genesis, '--json']);
  it('accepts the proof and says what it proves', async () => {
    const verdict = await verify(String(report['proofFile']));
    expect(verdict.code).toBe(0);
    expect(json(verdict)).toMatchObject({ valid: true, treasury: 'payroll', required: { approver: 2 }, currency: 'EUR' });
  });
  it('refuses a proof of which one digit was changed, and names the link that broke', async () => {
    const proof = JSON.parse(readFileSync(String(report['proofFile']), 'utf8'));
    proof.body = proof.body.replace(/.$/, (c: string) => (c === '0' ? '1' : '0'));
    writeFileSync(at.path('changed.json'), JSON.stringify(proof));
    const verdict = await verify(at.path('changed.json'));
    expect(verdict.code).toBe(1);
    expect(json(verdict)).toMatchObject({ error: { code: 8101, reason: 'PROOF_INVALID', details: { link: 'body' } } });
    expect(verdict.stderr).toMatch(/the proof does not hold: .*body/);
  });
  it('refuses the proof against another genesis, with code 78', async () => {
    const genesis = readFileSync(String(report['genesisFile']), 'utf8').replace('"devnet"', '"another"');
    writeFileSync(at.path('other.json'), genesis);
    const verdict = await verify(String(report['proofFile']), at.path('other.json'));
    expect(verdict.code).toBe(78);
    expect(json(verdict)).toMatchObject({ error: { reason: 'GENESIS_MISMATCH' } });
  });
});
