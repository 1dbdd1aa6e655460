/** Creates a session for an exec without one, except in CI. */
import { isCi } from '../../config/is-ci.ts';
import type { Context, OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { makeSession } from '../make-session.ts';

/** Prints the line to paste on stderr. In CI it throws instead: nothing may be created or stored implicitly there. */
export async function createSession(context: Context): Promise<OpenSession> {
  context.checkNoneStored();
  if (isCi(context.environment)) {
    throw new Failure(
      'no session given, and exec does not create one in CI (the variable CI is set)',
      'set REMOTIFY_KEY, use -s, or create a session in a separate step: `remotify new --wait`',
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
