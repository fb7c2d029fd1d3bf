/** How far a campaign is, on standard error: a line that rewrites itself on a terminal, elsewhere one a minute. */
const EVERY_MS = 60_000;

export function showProgress(all: number): (seeds: number) => void {
  const started = performance.now();
  let told = started;
  return (n) => {
    const now = performance.now();
    const text = `${n} of ${all} seeds, ${Math.ceil(((now - started) / n) * ((all - n) / 1000))} s left`;
    if (process.stderr.isTTY) process.stderr.write(`\r${text}  ${n === all ? '\n' : ''}`);
    else if (now - told >= EVERY_MS) {
      told = now;
      process.stderr.write(`${text}\n`);
    }
  };
}
