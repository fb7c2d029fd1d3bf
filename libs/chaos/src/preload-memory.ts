/** Loaded before a program (preloads.ts): fills its heap. */
import { isMainThread } from 'node:worker_threads';

const settings = new URL(import.meta.url).searchParams;
const [mib, fromMs, toMs] = ['mib', 'fromMs', 'toMs'].map((name) => Number(settings.get(name))) as [number, number, number];
const DOUBLES_A_MIB = 131_072;

let ballast: number[][] = [];
if (isMainThread && Date.now() < toMs) {
  setTimeout(() => {
    ballast = Array.from({ length: mib }, (_, i) => new Array<number>(DOUBLES_A_MIB).fill(i + 0.5));
  }, fromMs - Date.now()).unref();
  setTimeout(() => ballast.splice(0), toMs - Date.now()).unref();
}
