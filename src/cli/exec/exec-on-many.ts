/** exec on several sessions in parallel: prefixes each line with the session's name, prints a summary, returns the highest exit status. */
import { PassThrough } from 'node:stream';
import type { ChosenSession } from '../../config/resolve-session.ts';
import { parseJsonFields } from '../../protocol/json-fields.ts';
import { endStream, PrefixedStream } from '../../terminal/prefixed-stream.ts';
import { Context, labelOf, type OpenSession } from '../context.ts';
import { explain } from '../explain.ts';
import { formatTable } from '../format.ts';

export type RunOne = (context: Context, session: OpenSession) => Promise<number>;

interface Result {
  name: string;
  exitCode: number;
  /** The JSON object of this session's exec. A failure is its field `error`. */
  report: Readonly<Record<string, unknown>> | null;
  error: string | null;
}

interface Chosen {
  session: ChosenSession;
  /** The prefix of its output lines: never a whole session key. */
  label: string;
}

/**
 * Each session once, even if it was given several times or by several names. Throws for an unknown name or key, so that no session runs
 * the command unless all of them are known.
 */
function chooseOnce(context: Context, names: readonly string[]): Chosen[] {
  const chosen = new Map<string, Chosen>();
  for (const given of names) {
    const session = context.chosen(given);
    if (session && !chosen.has(session.key)) chosen.set(session.key, { session, label: labelOf(session) });
  }
  return [...chosen.values()];
}

/** Runs the command on one session as a plain exec would, on separate streams. */
async function runNamed(outer: Context, { session, label: name }: Chosen, run: RunOne): Promise<Result> {
  const collected = outer.json ? new PassThrough() : undefined;
  const chunks: Buffer[] = [];
  collected?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const stdout = new PrefixedStream(outer.io.stdout, name);
  const stderr = new PrefixedStream(outer.io.stderr, name);
  const io = {
    stdin: outer.io.stdin,
    stdout: collected ?? stdout,
    stderr,
    stdoutError: outer.io.stdoutError,
  };
  const context = new Context({ io, environment: outer.environment, version: outer.version }, outer.options);
  let exitCode: number;
  let error: string | null = null;
  try {
    exitCode = await run(context, await context.openSession(session));
  } catch (thrown) {
    const failure = explain(context.explain(thrown));
    ({ exitCode, message: error } = failure);
    await context.printer.error(failure.message, failure.hint);
    if (context.json) await context.printer.endJson(failure);
  }
  await context.close();
  await Promise.all([endStream(stdout), endStream(stderr)]);
  return { name, exitCode, error, report: parseJsonFields(Buffer.concat(chunks).toString('utf8')) ?? null };
}

/** Returns the highest exit status, so that a script does not overlook a failure. */
export async function execOnMany(context: Context, names: readonly string[], run: RunOne): Promise<number> {
  // Every run listens for the end of the shared streams, so the number of their listeners has no limit.
  for (const stream of [context.io.stdout, context.io.stderr]) stream.setMaxListeners(0);
  const results = await Promise.all(chooseOnce(context, names).map((one) => runNamed(context, one, run)));
  if (context.json) {
    const sessions = results.map(({ name, exitCode, report }) => ({
      session: name,
      exit_code: exitCode,
      error: null,
      ...report,
    }));
    await context.printer.printJson({ sessions });
  } else {
    const rows = results.map(({ name, exitCode, error }) => [name, String(exitCode), error ?? '']);
    for (const row of formatTable(rows).split('\n')) await context.printer.note(row);
  }
  return Math.max(...results.map(({ exitCode }) => exitCode));
}
