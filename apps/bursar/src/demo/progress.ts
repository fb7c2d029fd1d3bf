/** The progress of the payments: a bar on a terminal, now and then a line elsewhere. */
import { Presets, SingleBar } from 'cli-progress';
import { line } from '../commands/output.ts';

export interface Progress {
  update(paid: number, note: string): void;
  stop(): void;
}

export function startProgress(total: number, isTty: boolean): Progress {
  if (!isTty) return plainProgress(total);
  const bar = new SingleBar(
    { format: '  paying [{bar}] {value}/{total} {note}', clearOnComplete: false, hideCursor: true, fps: 10 },
    Presets.shades_classic,
  );
  bar.start(total, 0, { note: '' });
  return { update: (paid, note) => bar.update(paid, { note }), stop: () => bar.stop() };
}

function plainProgress(total: number): Progress {
  let shown = -1;
  return {
    update(paid) {
      const quarter = Math.floor((paid * 4) / Math.max(1, total));
      if (quarter === shown) return;
      shown = quarter;
      line(`  paid ${paid} of ${total}`);
    },
    stop() {},
  };
}
