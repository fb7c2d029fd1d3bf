/** Verifies a proof in a new process, as anybody would. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DemoFailed } from './demo-failed.ts';

export async function verifyOffline(root: string, proofFile: string, genesisFile: string): Promise<string> {
  const program = join(root, 'apps', 'bursar', 'bin', 'bursar.mjs');
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program, 'verify', proofFile, '--genesis', genesisFile], {
      timeout: 20_000,
    });
    return stdout;
  } catch (e) {
    const said = (e as { stderr?: string }).stderr?.trim() || (e as Error).message;
    throw new DemoFailed(`the proof does not verify: ${said}`, 'validator-0-storage');
  }
}
