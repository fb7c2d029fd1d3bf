/** Loaded before a program (preloads.ts): shifts what it takes for the time of day. */
const settings = new URL(import.meta.url).searchParams;
const [offsetMs, fromMs, toMs] = ['offsetMs', 'fromMs', 'toMs'].map((name) => Number(settings.get(name))) as [number, number, number];

const trueNow = Date.now;
const trueOrigin = performance.timeOrigin;
const offset = (): number => {
  const now = trueNow();
  return now >= fromMs && now < toMs ? offsetMs : 0;
};
const now = (): number => trueNow() + offset();

globalThis.Date = new Proxy(Date, {
  construct: (real, args, target) => Reflect.construct(real, args.length === 0 ? [now()] : args, target),
  apply: () => new Date(now()).toString(),
  get: (real, key) => (key === 'now' ? now : Reflect.get(real, key)),
});
Object.defineProperty(performance, 'timeOrigin', { configurable: true, get: () => trueOrigin + offset() });
