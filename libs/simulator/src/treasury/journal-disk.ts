/** The executor's journal on a simulated disk: what was not synced is lost, kept or torn at a crash; copies of it may come back. */
import type { JournalLog } from '@bursar/executor';
import { Disk, type DiskPort } from '../world/disk.ts';

export class JournalDisk {
  readonly #disk: Disk;
  #copy: readonly Uint8Array[] = [];

  constructor(port: DiskPort) {
    this.#disk = new Disk(port);
  }
  /** Whether these bytes stand in a record that would survive a power cut now. */
  holds(bytes: Uint8Array): boolean {
    return this.#disk.read().some((record) => Buffer.from(record.buffer, record.byteOffset, record.length).indexOf(bytes) >= 0);
  }
  /** Somebody makes a backup. */
  copy(): void {
    this.#copy = [...this.#disk.read()];
  }
  crash(): ReturnType<Disk['crash']> {
    return this.#disk.crash('any');
  }
  wipe(): void {
    this.#disk.wipe();
  }
  /** The backup is put in its place. */
  restore(): void {
    this.#disk.wipe();
    this.#disk.compact(this.#copy);
  }
  async *replay(): AsyncGenerator<{ readonly bytes: Uint8Array }> {
    for (const bytes of [...this.#disk.read()]) yield { bytes };
  }

  /** For one life of the process. @param sync resolves when the disk has answered; may fail */
  log(append: (record: Uint8Array) => void, sync: (run: (done: () => void) => void) => Promise<void>): JournalLog {
    const disk = this.#disk;
    let floor = 0;
    return {
      append: (record) => {
        append(record);
        disk.append(new Uint8Array(record));
      },
      sync: () => sync((done) => disk.sync(done)),
      rotate: () => {
        floor = disk.size;
        return 1;
      },
      dropBefore: async () => disk.compact(disk.all.slice(floor)),
      get bytes() {
        return disk.all.reduce((sum, r) => sum + r.length, 0);
      },
    };
  }
}
