/** A disk in memory that knows what a power cut would leave: for tests of what is on disk when something is sent, and of every crash. */
import { basename, dirname } from 'node:path';
import type { FilePort, OpenFile } from './file-port.ts';

const SECTOR_BYTES = 512;

interface File {
  /** What a reader sees. */
  bytes: Buffer;
  /** What the last fdatasync made durable. */
  synced: Buffer;
}
/** For each sector of a file that was not synced: whether it reached the disk all the same. */
export type KeepSector = (path: string, sector: number) => boolean;

export interface MemoryFiles extends FilePort {
  /** Name → content, as a reader sees them. */
  readonly contents: ReadonlyMap<string, Buffer>;
  /** Another disk: what is left of this one after a power cut at this moment. Names that no syncDir covered are lost. */
  afterPowerCut(keep?: KeepSector): MemoryFiles;
}

const systemError = (code: string, path: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });

/** @param initial files that are durable from the beginning */
export function memoryFiles(initial: ReadonlyMap<string, Uint8Array> = new Map()): MemoryFiles {
  const files = new Map<string, File>();
  const durableNames = new Map<string, File>();
  for (const [path, bytes] of initial) {
    const file = { bytes: Buffer.from(bytes), synced: Buffer.from(bytes) };
    files.set(path, file);
    durableNames.set(path, file);
  }
  const find = (path: string): File => {
    const file = files.get(path);
    if (!file) throw systemError('ENOENT', path);
    return file;
  };
  const move = (from: string, to: string, keep: boolean): void => {
    const file = find(from);
    files.set(to, file);
    if (!keep) files.delete(from);
  };
  const opened = (file: File): OpenFile => ({
    async write(bytes, position) {
      const grown = Buffer.alloc(Math.max(file.bytes.byteLength, position + bytes.byteLength));
      file.bytes.copy(grown);
      grown.set(bytes, position);
      file.bytes = grown;
      return bytes.byteLength;
    },
    async fdatasync() {
      file.synced = Buffer.from(file.bytes);
    },
    async truncate(size) {
      file.bytes = Buffer.from(file.bytes.subarray(0, size));
    },
    async close() {},
  });
  return {
    get contents() {
      return new Map([...files].map(([path, { bytes }]) => [path, bytes]));
    },
    afterPowerCut: (keep = () => false) =>
      memoryFiles(new Map([...durableNames].map(([path, file]) => [path, tornContent(path, file, keep)]))),
    async create(path) {
      if (files.has(path)) throw systemError('EEXIST', path);
      const file = { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) };
      files.set(path, file);
      return opened(file);
    },
    openForWrite: async (path) => opened(find(path)),
    readFile: async (path) => Buffer.from(find(path).bytes),
    readAt: async (path, offset, length) => Buffer.from(find(path).bytes.subarray(offset, offset + length)),
    readdir: async (path) => [...files.keys()].filter((name) => dirname(name) === path).map((name) => basename(name)),
    mkdir: async () => undefined,
    async link(from, to) {
      if (files.has(to)) throw systemError('EEXIST', to);
      move(from, to, true);
    },
    rename: async (from, to) => move(from, to, false),
    async unlink(path) {
      find(path);
      files.delete(path);
    },
    async syncDir(path) {
      for (const name of durableNames.keys()) if (dirname(name) === path) durableNames.delete(name);
      for (const [name, file] of files) if (dirname(name) === path) durableNames.set(name, file);
    },
  };
}

/** Of a file that grew since its last sync, `keep` says which new sectors are there; the others read as zeros or are missing at the end. */
function tornContent(path: string, { bytes, synced }: File, keep: KeepSector): Buffer {
  const torn = Buffer.alloc(Math.max(bytes.byteLength, synced.byteLength));
  synced.copy(torn);
  let end = synced.byteLength;
  for (let at = 0; at < bytes.byteLength; at += SECTOR_BYTES) {
    const sector = bytes.subarray(at, at + SECTOR_BYTES);
    if (sector.equals(synced.subarray(at, at + SECTOR_BYTES)) || !keep(path, at / SECTOR_BYTES)) continue;
    sector.copy(torn, at);
    end = Math.max(end, at + sector.byteLength);
  }
  return torn.subarray(0, end);
}
