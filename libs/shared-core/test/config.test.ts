import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type ConfigSchema, defineConfig, problemText, readConfig, Secret, serviceOptions, withoutCredentials } from '../src/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'bursar-config-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const secretPath = join(dir, 'token');
writeFileSync(secretPath, 's3cr3t\n', { mode: 0o600 });

const schema = defineConfig({
  grpcPort: { type: 'port', env: 'BURSAR_GRPC_PORT', default: 50051, help: 'port' },
  natsUrl: { type: 'url', env: 'NATS_URL', protocols: ['nats:'], help: 'nats' },
  level: { type: 'string', oneOf: ['info', 'warn'], default: 'info', help: 'level' },
  peers: { type: 'list', default: [], help: 'peers' },
  wait: { type: 'durationMs', default: 1_000, help: 'wait' },
  fast: { type: 'bool', default: false, help: 'fast' },
  tokenFile: { type: 'secretFile', help: 'token' },
  pin: { type: 'string', secret: true, help: 'pin' },
});
const read = <S extends ConfigSchema>(s: S, argv: string[] = [], env: Record<string, string> = {}, file = '{}') =>
  readConfig(s, 'test', { argv, env, readFile: () => file });
const config = (...args: Parameters<typeof read> extends [unknown, ...infer R] ? R : never) => {
  const result = read(schema, ...args);
  if (result.kind !== 'run') throw new Error(JSON.stringify(result));
  return result.config;
};

describe('D5 precedence: defaults < file < environment < command line', () => {
  it.each([
    ['nothing is given', [], {}, '{}', 50051],
    ['the file has it', ['--config', 'f'], {}, '{"grpcPort":1}', 1],
    ['the environment beats the file', ['--config', 'f'], { BURSAR_GRPC_PORT: '2' }, '{"grpcPort":1}', 2],
    ['the command line beats all', ['--config=f', '--grpc-port', '3'], { BURSAR_GRPC_PORT: '2' }, '{"grpcPort":1}', 3],
    ['an empty variable counts as absent', [], { BURSAR_GRPC_PORT: '' }, '{}', 50051],
    ['the last of two arguments counts', ['--grpc-port=4', '--grpc-port=5'], {}, '{}', 5],
  ])('%s', (_, argv, env, file, port) => {
    expect(config(argv as string[], env as Record<string, string>, file).grpcPort).toBe(port);
  });
  it('a setting without a variable of its own is read from BURSAR_UPPER_SNAKE', () => {
    expect(config([], { BURSAR_FAST: 'true', BURSAR_TOKEN_FILE: secretPath }).fast).toBe(true);
  });
});

describe('types', () => {
  it.each([
    [['--wait', '5m'], { wait: 300_000 }],
    [['--wait', '250'], { wait: 250 }],
    [['--fast'], { fast: true }],
    [['--fast', '--wait=1s'], { fast: true, wait: 1_000 }],
    [['--fast', 'no'], { fast: false }],
    [['--peers', 'a:1, b:2,'], { peers: ['a:1', 'b:2'] }],
    [['--nats-url', 'nats://t0ken@h:1'], { natsUrl: 'nats://t0ken@h:1' }],
  ])('%j is %j', (argv, expected) => {
    expect(config(argv)).toMatchObject(expected);
  });
  it('a secret file is read, trimmed and never shows itself', () => {
    const { tokenFile } = config(['--token-file', secretPath]);
    expect(tokenFile).toBeInstanceOf(Secret);
    expect(tokenFile?.reveal()).toBe('s3cr3t');
    expect(`${tokenFile} ${JSON.stringify({ tokenFile })} ${inspect(tokenFile)}`).not.toContain('s3cr3t');
  });
});

describe('problems', () => {
  it('all are reported at once: name, what was given, what is allowed', () => {
    const open = join(dir, 'open');
    writeFileSync(open, 'x');
    chmodSync(open, 0o644);
    const result = read(
      { ...schema, home: { type: 'path', required: true, help: 'home' } },
      ['--config', 'f', '--grpc-port', '70000', '--nonsense', '--level=loud', '--token-file', open],
      { NATS_URL: 'http://me:pw@h' },
      '{"weight":1,"wait":"soon"}',
    );
    if (result.kind !== 'invalid') throw new Error(result.kind);
    const text = problemText('test', result.problems);
    expect(result.problems.map((p) => p.name).sort()).toEqual(
      ['--grpc-port', '--home or BURSAR_HOME', '--level', '--token-file', 'NATS_URL', 'command line', 'wait in f', 'weight in f'].sort(),
    );
    expect(text).toContain('test: the configuration has 8 problems:');
    expect(text).toContain('--grpc-port: "70000" is out of range; allowed: a port from 0 (any free one) to 65535');
    expect(text).toContain('is open to every user of this machine');
    expect(text).not.toContain('pw');
  });
  it.each([
    ['no JSON', 'not json'],
    ['no object', '[1]'],
  ])('a file that is %s is one problem', (_, file) => {
    expect(read(schema, ['--config', 'f'], {}, file)).toMatchObject({ kind: 'invalid', problems: [{ name: '--config' }] });
  });
  it('an argument without its value is named', () => {
    expect(read(schema, ['--grpc-port'])).toMatchObject({ kind: 'invalid', problems: [{ name: '--grpc-port', given: 'nothing' }] });
  });
});

describe('--help, --check-config, --print-config', () => {
  it('help lists every setting with its variable, also when something is wrong', () => {
    const result = read(serviceOptions, ['--help', '--grpc-port=x']);
    expect(result.kind).toBe('help');
    if (result.kind === 'help')
      for (const word of ['--grpc-port (BURSAR_GRPC_PORT)', 'NATS_URL', 'LOG_LEVEL', '--check-config']) expect(result.text).toContain(word);
  });
  it('check says that all is well', () => {
    expect(read(schema, ['--check-config'])).toMatchObject({ kind: 'check' });
  });
  it('print shows all values but no secret', () => {
    const result = read(schema, ['--print-config', '--token-file', secretPath, '--nats-url', 'nats://u:hidden@h:4222', '--pin', '1234']);
    if (result.kind !== 'print') throw new Error(result.kind);
    expect(JSON.parse(result.text)).toMatchObject({ grpcPort: 50051, natsUrl: 'nats://***@h:4222', pin: '[redacted]' });
    for (const secret of ['s3cr3t', 'hidden', '1234']) expect(result.text).not.toContain(secret);
  });
  it('withoutCredentials takes tokens out of any URL', () => {
    expect(withoutCredentials('nats://t0ken@h:4222')).not.toContain('t0ken');
    expect(withoutCredentials('nats://h:4222')).toBe('nats://h:4222');
  });
});
