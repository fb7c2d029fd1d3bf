/** Connects to NATS once: settings, credentials and clear errors. */
import { connect, type NatsConnection, NatsError } from 'nats';
import { withoutCredentials } from '../config-spec.ts';
import { messageOf, rejection } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { retryForever } from '../resilience.ts';

export interface DialOptions {
  /** `nats://host:port`, with `token@` or `user:password@` before the host. Several, separated by commas, are one cluster. */
  readonly url: string;
  /** Name of the connection, as the server's monitoring shows it. */
  readonly name: string;
  /** How long the first connection is tried; default 10 s. Later ones are tried for ever. */
  readonly connectMs?: number;
  readonly signal?: AbortSignal;
  /** False: what this connection publishes does not come back to its own subscriptions. Default true. */
  readonly echo?: boolean;
}

/** One try to connect; a server that takes the connection and says nothing must not hold up the next try. */
const TRY_MS = 2_000;
/**
 * The third ping that is due without an answer to the first two ends a connection that only seems to be alive: 6 s. So long, too, what we
 * publish may pile up in memory when a server takes nothing; a connection that ends drops it.
 */
const PING_MS = 2_000;

/** One try. */
export type Dial = () => Promise<NatsConnection>;

/**
 * Connections that end with their socket: the client's own reconnection is switched off (nats-link.ts says why). Each try is of one
 * server, the next in turn: a client that tried several would end its connection with the socket of a try that came too late.
 */
export function dialer({ url, name, connectMs = TRY_MS, echo = true }: DialOptions): Dial {
  const urls = url.split(',');
  const settings = {
    ...credentialsOf(urls[0] ?? ''),
    name,
    noEcho: !echo,
    timeout: Math.min(connectMs, TRY_MS),
    reconnect: false,
    pingInterval: PING_MS,
    maxPingOut: 2,
    ...(urls.some((u) => u.startsWith('tls:')) ? { tls: {} } : {}),
  };
  let turn = Math.floor(Math.random() * urls.length);
  return () => connect({ ...settings, servers: serverOf(urls[turn++ % urls.length] ?? '') });
}

/** @throws DependencyUnavailable (exit 69) when no server answers in time, Unauthenticated when it refuses us */
export async function dialFirst({ url, connectMs = 10_000, signal }: DialOptions, dial: Dial): Promise<NatsConnection> {
  const limit = AbortSignal.any([AbortSignal.timeout(connectMs), ...(signal ? [signal] : [])]);
  let last: unknown;
  const once = () =>
    dial().catch((error) => {
      last = error;
      throw error;
    });
  try {
    return await retryForever(once, { signal: limit, baseMs: 100, capMs: 1_000, retryIf: (error) => !isAuthError(error) });
  } catch (error) {
    const where = url.split(',').map(withoutCredentials).join(', ');
    if (isAuthError(last))
      throw rejection('Unauthenticated', `the NATS server at ${where} refuses the credentials`, {
        remedy: 'Correct the token or the user in NATS_URL.',
        exitCode: EXIT.dependency,
        cause: last,
      });
    throw rejection('DependencyUnavailable', `no NATS server answers at ${where}: ${messageOf(last ?? error)}`, {
      remedy: 'Start nats-server or correct NATS_URL.',
      exitCode: EXIT.dependency,
      cause: error,
    });
  }
}

const serverOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url);

function credentialsOf(url: string): { token?: string; user?: string; pass?: string } {
  if (!URL.canParse(url)) return {};
  const { username, password } = new URL(url);
  if (username === '') return {};
  const user = decodeURIComponent(username);
  return password === '' ? { token: user } : { user, pass: decodeURIComponent(password) };
}

const isAuthError = (error: unknown): boolean => error instanceof NatsError && (error.isAuthError() || error.isAuthTimeout());
