/** The one door out: the only code that sets the exit code of the process. */
import { readEnvironment } from '../config/environment.ts';
import { openIo } from '../terminal/io.ts';
import { main } from './main.ts';

/** Sets exitCode instead of calling exit(): what was written to a pipe must arrive. */
export async function run(argv: readonly string[], version: string): Promise<void> {
  process.exitCode = await main(argv, { io: openIo(), environment: readEnvironment(), version });
}
