/** Whether a service of the cell answers, for /readyz: told by the outcome of every call that is repeated until it does. */
import { errorFrom } from '@bursar/shared-core';

export type OnReachable = (isReachable: boolean, why?: string) => void;

/** @param isAnswer errors that the service gave on purpose: it is there */
export function reports(onReachable: OnReachable, isAnswer: (error: unknown) => boolean) {
  return async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      const result = await call();
      onReachable(true);
      return result;
    } catch (error) {
      onReachable(isAnswer(error), errorFrom(error).message);
      throw error;
    }
  };
}
