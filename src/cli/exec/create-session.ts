/** An exec without a session creates one, but not in a pipeline. */
import { isCi } from '../../config/is-ci.ts';
import type { Context, OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { makeSession } from '../make-session.ts';

/** Prints the line to paste on stderr. Under CI nothing is created or stored unasked. */
export async function createSession(context: Context): Promise<OpenSession> {
  context.checkNoneStored();
  if (isCi(context.environment)) {
    throw new Failure(
      'no session is given, and exec creates none in a pipeline (CI is set)',
      'set REMOTIFY_KEY or use -s; or create a session in a step of its own: `remotify new --wait`',
      exitCodes.trouble,
      'no_session',
    );
  }
  const { name, stored } = await makeSession(context);
  const { printer } = context;
  await printer.note(
    `no session found; created ${name} on ${stored.url}. Paste this on the remote (asks before each command):`,
  );
  await printer.showLine(stored.quickstart);
  return context.openSession({ name, ...stored });
}
