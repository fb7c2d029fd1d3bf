/** A FilePort that writes down the order of operations and fails on demand: proof of "write → fsync → send" (docs/protocol.md, "Durability"). */
import { basename } from 'node:path';
import { type FilePort, nodeFiles, type OpenFile } from './file-port.ts';

export type FileOperation = 'create' | 'write' | 'fdatasync' | 'truncate' | 'link' | 'rename' | 'unlink' | 'syncDir';
export interface RecordingFiles extends FilePort {
  /** `write 00000001.log 42`, `fdatasync 00000001.log`, and what `note` added, in order. */
  readonly journal: readonly string[];
  /** Lets a test put its own steps (`send Prepare`) into the order. */
  note(step: string): void;
  /** The next operation of this kind throws instead of happening. */
  failNext(operation: FileOperation, error: Error): void;
  /** The next operation of this kind waits until the returned function is called. */
  holdNext(operation: FileOperation): () => void;
}

export function recordingFiles(inner: FilePort = nodeFiles): RecordingFiles {
  const journal: string[] = [];
  const failures = new Map<FileOperation, Error>();
  const holds = new Map<FileOperation, Promise<void>>();
  async function run<T>(operation: FileOperation, path: string, extra: string, act: () => Promise<T>): Promise<T> {
    const hold = holds.get(operation);
    holds.delete(operation);
    await hold;
    const failure = failures.get(operation);
    failures.delete(operation);
    journal.push(`${operation} ${basename(path)}${extra}${failure ? ' failed' : ''}`);
    if (failure) throw failure;
    return await act();
  }
  const recorded = (path: string, file: OpenFile): OpenFile => ({
    write: (bytes, position) => run('write', path, ` ${bytes.byteLength}`, () => file.write(bytes, position)),
    fdatasync: () => run('fdatasync', path, '', () => file.fdatasync()),
    truncate: (size) => run('truncate', path, ` ${size}`, () => file.truncate(size)),
    close: () => file.close(),
  });
  return {
    journal,
    note: (step) => void journal.push(step),
    failNext: (operation, error) => void failures.set(operation, error),
    holdNext(operation) {
      const { promise, resolve } = Promise.withResolvers<void>();
      holds.set(operation, promise);
      return resolve;
    },
    create: async (path, mode) => recorded(path, await run('create', path, '', () => inner.create(path, mode))),
    openForWrite: async (path) => recorded(path, await inner.openForWrite(path)),
    readFile: (path) => inner.readFile(path),
    readAt: (path, offset, length) => inner.readAt(path, offset, length),
    readdir: (path) => inner.readdir(path),
    mkdir: (path) => inner.mkdir(path),
    link: (from, to) => run('link', from, ` ${basename(to)}`, () => inner.link(from, to)),
    rename: (from, to) => run('rename', from, ` ${basename(to)}`, () => inner.rename(from, to)),
    unlink: (path) => run('unlink', path, '', () => inner.unlink(path)),
    syncDir: (path) => run('syncDir', path, '', () => inner.syncDir(path)),
  };
}
