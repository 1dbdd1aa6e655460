/** Runs the command line. The only code that sets the exit status of the process. */
import { readEnvironment } from '../config/environment.ts';
import { openIo } from '../terminal/io.ts';
import { main } from './main.ts';

/** Sets exitCode instead of calling exit(), so that pending writes to a pipe are flushed. */
export async function run(argv: readonly string[], version: string): Promise<void> {
  process.exitCode = await main(argv, { io: openIo(), environment: readEnvironment(), version });
}
