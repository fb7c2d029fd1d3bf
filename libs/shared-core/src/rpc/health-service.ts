/** grpc.health.v1: check, watch, list. */
import { EventEmitter, on } from 'node:events';
import { health } from '@bursar/protocol/rpc';
import { rejection } from '../errors.ts';
import type { CallContext } from './call.ts';

const Status = health.HealthCheckResponse_ServingStatus;
type Status = health.HealthCheckResponse_ServingStatus;
export const healthDescriptor = health.Health;

export function createHealthService() {
  const state = new Map<string, Status>([['', Status.SERVING]]);
  const changed = new EventEmitter().setMaxListeners(0);
  const handlers = {
    async check({ service }: { service: string }) {
      const status = state.get(service);
      if (status === undefined) throw rejection('NotFound', `there is no service ${service.slice(0, 128)}`);
      return { status };
    },
    async *watch({ service }: { service: string }, { signal }: CallContext) {
      const events = on(changed, 'change', { signal });
      for (let last: Status | undefined; ; ) {
        const status = state.get(service) ?? Status.SERVICE_UNKNOWN;
        if (status !== last) yield { status };
        last = status;
        await events.next();
      }
    },
    async list() {
      return { statuses: Object.fromEntries([...state].map(([name, status]) => [name, { status }])) };
    },
  };
  return {
    handlers,
    /** '' stands for the whole server. */
    set(service: string, serving: boolean): void {
      state.set(service, serving ? Status.SERVING : Status.NOT_SERVING);
      changed.emit('change');
    },
  };
}
