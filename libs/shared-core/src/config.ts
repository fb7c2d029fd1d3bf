/** Typed configuration: defaults < file < environment < command line (D5). The only reader of process.env. */
import { readFileSync } from 'node:fs';
import { allowed, type ConfigOf, type ConfigSchema, type OptionSpec, parseOption, shown, withoutCredentials } from './config-spec.ts';
import { messageOf } from './errors.ts';
import { EXIT } from './exit-codes.ts';

export interface ConfigSources {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the --config file. @throws when it cannot */
  readonly readFile: (path: string) => string;
}
export interface ConfigProblem {
  /** Where it came from: `--grpc-port`, `BURSAR_GRPC_PORT`, or `grpcPort in FILE`. */
  readonly name: string;
  readonly given: string;
  readonly allowed: string;
}
export type ConfigResult<S extends ConfigSchema> =
  | { readonly kind: 'run'; readonly config: ConfigOf<S> }
  | { readonly kind: 'help' | 'check' | 'print'; readonly text: string }
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] };

interface Given {
  readonly name: string;
  readonly text: string;
}
const RESERVED = {
  help: 'show this text',
  'check-config': 'check the settings and exit',
  'print-config': 'print the settings, secrets hidden, and exit',
};
const kebab = (key: string): string => key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

/** Fixes the schema's type; nothing is read yet. */
export const defineConfig = <const S extends ConfigSchema>(schema: S): S => schema;

/** Reads all sources and reports every problem at once. Pure but for the files that settings name. */
export function readConfig<S extends ConfigSchema>(schema: S, program: string, sources: ConfigSources): ConfigResult<S> {
  const problems: ConfigProblem[] = [];
  const { values: fromArgs, flags, file } = readArguments(schema, sources.argv, problems);
  if (flags.has('help')) return { kind: 'help', text: helpText(schema, program) };
  const fromFile = file === undefined ? new Map<string, Given>() : readConfigFile(schema, file, sources.readFile, problems);
  const config: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(schema)) {
    const variable = envName(key, spec);
    const envText = sources.env[variable];
    const fromEnv = envText ? { name: variable, text: envText } : undefined;
    const given = fromArgs.get(key) ?? fromEnv ?? fromFile.get(key);
    config[key] = given ? parsed(spec, given, problems) : 'default' in spec ? spec.default : undefined;
    if (!given && spec.required) problems.push({ name: sourceNames(key, spec), given: 'nothing', allowed: allowed(spec) });
  }
  if (problems.length > 0) return { kind: 'invalid', problems };
  if (flags.has('print-config')) return { kind: 'print', text: printed(schema, config) };
  if (flags.has('check-config')) return { kind: 'check', text: `${program}: the configuration is valid` };
  return { kind: 'run', config: Object.freeze(config) as ConfigOf<S> };
}

/** What a program's main calls: real sources; --help, --check-config and --print-config end it, problems end it with 78. */
export function loadConfig<S extends ConfigSchema>(
  schema: S,
  program: string,
  argv: readonly string[] = process.argv.slice(2),
): ConfigOf<S> {
  const result = readConfig(schema, program, { argv, env: process.env, readFile: (path) => readFileSync(path, 'utf8') });
  if (result.kind === 'run') return result.config;
  if (result.kind !== 'invalid') {
    process.stdout.write(`${result.text}\n`);
    process.exit(EXIT.ok);
  }
  process.stderr.write(`${problemText(program, result.problems)}\n`);
  process.exit(EXIT.config);
}

/** One line per problem: name, what was given, what is allowed. */
export function problemText(program: string, problems: readonly ConfigProblem[]): string {
  const lines = problems.map((p) => `  ${p.name}: ${p.given}; allowed: ${p.allowed}`);
  return [`${program}: the configuration has ${problems.length} problem${problems.length === 1 ? '' : 's'}:`, ...lines].join('\n');
}

/** Settings that every service has; spread them into the schema of a service. */
export const serviceOptions = defineConfig({
  instance: { type: 'string', env: 'BURSAR_INSTANCE', default: '0', help: 'name of this replica in logs, metrics and traces' },
  grpcHost: { type: 'string', env: 'BURSAR_GRPC_HOST', default: '127.0.0.1', help: 'address the gRPC server binds to' },
  grpcPort: { type: 'port', env: 'BURSAR_GRPC_PORT', default: 50051, help: 'port of the gRPC server' },
  adminHost: { type: 'string', env: 'BURSAR_ADMIN_HOST', default: '127.0.0.1', help: 'address of /livez, /readyz and /metrics' },
  adminPort: { type: 'port', env: 'BURSAR_ADMIN_PORT', default: 8080, help: 'port of /livez, /readyz and /metrics' },
  natsUrl: {
    type: 'url',
    env: 'NATS_URL',
    default: 'nats://127.0.0.1:4222',
    protocols: ['nats:', 'tls:'],
    help: 'NATS server; a token or user and password go in the URL',
  },
  logLevel: {
    type: 'string',
    env: 'LOG_LEVEL',
    default: 'info',
    oneOf: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    help: 'least level that is logged',
  },
  shutdownMs: { type: 'durationMs', env: 'BURSAR_SHUTDOWN_MS', default: 20_000, help: 'longest a graceful stop may take' },
  parentPid: { type: 'int', env: 'BURSAR_PARENT_PID', min: 1, help: 'stop when this process is gone (a local network sets it)' },
});

function readArguments(schema: ConfigSchema, argv: readonly string[], problems: ConfigProblem[]) {
  const byFlag = new Map(Object.keys(schema).map((key) => [kebab(key), key]));
  const values = new Map<string, Given>();
  const flags = new Set<string>();
  let file: string | undefined;
  for (let i = 0; i < argv.length; i++) {
    const [, flag, inline] = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(argv[i] ?? '') ?? [];
    const key = flag === undefined ? undefined : byFlag.get(flag);
    if (flag !== undefined && flag in RESERVED && inline === undefined) flags.add(flag);
    else if (flag === undefined || (key === undefined && flag !== 'config'))
      problems.push({ name: 'command line', given: `unknown argument "${argv[i]}"`, allowed: 'what --help lists' });
    else {
      const isSwitch = key !== undefined && schema[key]?.type === 'bool' && (argv[i + 1] ?? '--').startsWith('--');
      const text = inline ?? (isSwitch ? 'true' : argv[++i]);
      if (text === undefined)
        problems.push({ name: `--${flag}`, given: 'nothing', allowed: key ? allowed(schema[key] as OptionSpec) : 'a file' });
      else if (key === undefined) file = text;
      else values.set(key, { name: `--${flag}`, text });
    }
  }
  return { values, flags, file };
}

function readConfigFile(
  schema: ConfigSchema,
  path: string,
  readFile: (path: string) => string,
  problems: ConfigProblem[],
): Map<string, Given> {
  const values = new Map<string, Given>();
  const wanted = 'a JSON file with one object of settings';
  try {
    const json: unknown = JSON.parse(readFile(path));
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error('not an object');
    for (const [key, value] of Object.entries(json)) {
      const name = `${key} in ${path}`;
      const text = Array.isArray(value) ? value.join(',') : String(value);
      if (!Object.hasOwn(schema, key)) problems.push({ name, given: 'an unknown setting', allowed: Object.keys(schema).join(', ') });
      else if (value !== null) values.set(key, { name, text });
    }
  } catch (e) {
    problems.push({ name: '--config', given: `"${path}": ${messageOf(e)}`, allowed: wanted });
  }
  return values;
}

function parsed(spec: OptionSpec, { name, text }: Given, problems: ConfigProblem[]): unknown {
  try {
    return parseOption(spec, text);
  } catch (e) {
    const value = spec.secret ? 'the value (hidden)' : `"${spec.type === 'url' && URL.canParse(text) ? withoutCredentials(text) : text}"`;
    problems.push({ name, given: `${value} ${messageOf(e)}`, allowed: allowed(spec) });
    return undefined;
  }
}

const envName = (key: string, spec: OptionSpec): string => spec.env ?? `BURSAR_${kebab(key).replaceAll('-', '_').toUpperCase()}`;
const sourceNames = (key: string, spec: OptionSpec): string => `--${kebab(key)} or ${envName(key, spec)}`;

function printed(schema: ConfigSchema, config: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(schema).map(([key, spec]) => [key, shown(spec, config[key])]);
  return JSON.stringify(Object.fromEntries(entries), null, 2);
}

function helpText(schema: ConfigSchema, program: string): string {
  const rows = Object.entries(schema).map(([key, spec]) => {
    const fallback = 'default' in spec && spec.default !== undefined ? `default ${spec.default}` : spec.required ? 'required' : 'optional';
    return `  --${kebab(key)} (${envName(key, spec)})\n      ${spec.help}; ${allowed(spec)}; ${fallback}`;
  });
  const own = Object.entries({ 'config FILE': 'read settings from a JSON file', ...RESERVED }).map(
    ([flag, help]) => `  --${flag}\n      ${help}`,
  );
  return [
    `Usage: ${program} [--name value]...`,
    'A command-line setting beats the environment, which beats the file.',
    ...rows,
    ...own,
  ].join('\n');
}
