/** The few file operations that durable state needs: one port, so that tests can record, fail and order them. */
import { constants } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface OpenFile {
  /** Writes at a position; may write less. @returns bytes written */
  write(bytes: Uint8Array, position: number): Promise<number>;
  fdatasync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}
export interface FilePort {
  /** Creates a new file; it must not exist. @param mode permissions, such as 0o600 */
  create(path: string, mode: number): Promise<OpenFile>;
  /** Opens an existing file for writing. */
  openForWrite(path: string): Promise<OpenFile>;
  readFile(path: string): Promise<Uint8Array>;
  /** Up to `length` bytes from `offset`; fewer at the end of the file. */
  readAt(path: string, offset: number, length: number): Promise<Uint8Array>;
  readdir(path: string): Promise<readonly string[]>;
  /** With the folders above it. @returns the topmost that it had to make, if any */
  mkdir(path: string): Promise<string | undefined>;
  /** A second name for a file; never replaces one. */
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes created, renamed and removed names durable. */
  syncDir(path: string): Promise<void>;
}

async function opened(path: string, flags: number, mode?: number): Promise<OpenFile> {
  const handle = await open(path, flags, mode);
  return {
    write: async (bytes, position) => (await handle.write(bytes, 0, bytes.byteLength, position)).bytesWritten,
    fdatasync: () => handle.datasync(),
    truncate: (size) => handle.truncate(size),
    close: () => handle.close(),
  };
}

export const nodeFiles: FilePort = {
  create: (path, mode) => opened(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode),
  openForWrite: (path) => opened(path, constants.O_WRONLY),
  readFile,
  async readAt(path, offset, length) {
    const handle = await open(path, constants.O_RDONLY);
    try {
      const bytes = Buffer.allocUnsafe(length);
      const { bytesRead } = await handle.read(bytes, 0, length, offset);
      return bytes.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  },
  readdir,
  mkdir: (path) => mkdir(path, { recursive: true, mode: 0o700 }),
  link,
  rename,
  unlink,
  async syncDir(path) {
    const handle = await open(path, constants.O_RDONLY);
    await handle.sync().finally(() => handle.close());
  },
};

/** Writes everything or throws. */
export async function writeFully(file: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const written = await file.write(bytes.subarray(done), position + done);
    if (written <= 0) throw new Error('the file took no bytes');
    done += written;
  }
}

/** Makes a folder and those above it, with names that survive a power cut. */
export async function makeFolder(files: FilePort, path: string): Promise<void> {
  const top = dirname((await files.mkdir(path)) ?? path);
  const parents: string[] = [];
  for (let parent = dirname(path); parent.length > top.length; parent = dirname(parent)) parents.unshift(parent);
  for (const parent of [top, ...parents]) await files.syncDir(parent);
}
