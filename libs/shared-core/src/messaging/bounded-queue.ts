/** Runs a handler over items, some at once; when too many wait, the oldest goes. */

export interface BoundedQueue<T> {
  push(item: T): void;
  readonly pending: number;
  readonly dropped: number;
  /** Forgets what waits and resolves when the running handlers are done. */
  stop(): Promise<void>;
}

/** @param handle must not throw or reject */
export function createBoundedQueue<T>(
  limit: number,
  concurrency: number,
  handle: (item: T) => unknown,
  onDrop: () => void,
): BoundedQueue<T> {
  const ring: (T | undefined)[] = [];
  let head = 0;
  let size = 0;
  let running = 0;
  let dropped = 0;
  let stopped = false;
  let idle: PromiseWithResolvers<void> | undefined;

  const take = (): T => {
    const item = ring[head] as T;
    ring[head] = undefined;
    head = (head + 1) % limit;
    size--;
    return item;
  };
  const work = async (): Promise<void> => {
    running++;
    while (size > 0) {
      const result = handle(take());
      if (result instanceof Promise) await result;
    }
    running--;
    if (running === 0) idle?.resolve();
  };
  return {
    push(item) {
      if (stopped) return;
      if (size === limit) {
        take();
        dropped++;
        onDrop();
      }
      ring[(head + size) % limit] = item;
      size++;
      if (running < concurrency) void work();
    },
    get pending() {
      return size;
    },
    get dropped() {
      return dropped;
    },
    async stop() {
      stopped = true;
      while (size > 0) take();
      if (running === 0) return;
      idle ??= Promise.withResolvers<void>();
      await idle.promise;
    },
  };
}
