/** Follows a command to its end: output to our streams, stdin to the remote, signals and bounds beside them. */
import type { Readable } from 'node:stream';
import { type CommandEnd, followCommand, type Follower } from '../../client/follow-command.ts';
import type { ReadFrom } from '../../client/relay-client.ts';
import { RelayError } from '../../client/relay-error.ts';
import { type CommandState, isWaiting } from '../../protocol/command-states.ts';
import type { Context, OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { Interrupt } from '../interrupts.ts';
import type { Narrator } from './narrator.ts';
import type { OutputSink } from './output-sink.ts';
import type { Awaited, StartTimer } from './start-timer.ts';
import type { StartBounds } from './start-bounds.ts';
import { type Leaving, stopRemote } from './stop-remote.ts';

/** Enough for the error of a program that wants a terminal. */
const overQuotaAllowanceBytes = 400;

/** How it ended, and what was known and done before. */
export interface Followed extends CommandEnd {
  lastState: CommandState | undefined;
  interrupt: Interrupt | undefined;
  missed: Awaited | undefined;
  /** The end of what it last wrote to stderr. */
  lastStderr: string;
}

export interface Following {
  id: string;
  bounds: StartBounds;
  sinks: { stdout: OutputSink; stderr: OutputSink };
  stdin: Readable | undefined;
  /** A signal that came while the command was being pushed. */
  already: Interrupt | undefined;
  /** The line to paste is on stderr already. */
  isLineShown: boolean;
  /** Where both streams are read from; their beginning unless given. */
  from?: ReadFrom;
  /** Aborted with an Error by a caller that ends it. */
  leave?: AbortController;
  onState?: (state: CommandState) => void;
  onInterrupt?: (signal: Interrupt) => void;
}

/** A command that was pushed must not be run a second time because its relay went away. */
function nameCommand(error: unknown, id: string): unknown {
  if (!(error instanceof RelayError) || !error.isRetryable) return error;
  return new Failure(
    `${error.message}; command ${id} may still run`,
    `run \`remotify logs -f ${id}\` before you repeat it`,
    exitCodes.trouble,
    'unreachable',
  );
}

/** Words and bounds of a command that has not started. Their code is loaded when one of them is needed. */
class Waiting {
  readonly #context: Context;
  readonly #session: OpenSession;
  readonly #following: Following;
  #narrator: Promise<Narrator> | undefined;
  #timer: Promise<StartTimer> | undefined;
  #known: StartTimer | undefined;
  #isOver = false;

  constructor(context: Context, session: OpenSession, following: Following) {
    this.#context = context;
    this.#session = session;
    this.#following = following;
    const { bounds, id } = following;
    if (!bounds.listener && !bounds.approval) return;
    this.#timer = import('./start-timer.ts').then(({ StartTimer: Timer }) => {
      this.#known = new Timer(session.client, id, bounds);
      if (this.#isOver) this.#known.stop();
      return this.#known;
    });
  }

  get missed(): Awaited | undefined {
    return this.#known?.missed;
  }

  see(state: CommandState): void {
    void this.#timer?.then((timer) => timer.see(state));
    if (!isWaiting(state)) return this.quiet();
    this.#narrator ??= import('./narrator.ts').then(
      ({ Narrator: Words }) => new Words(this.#context, this.#session, this.#following.isLineShown),
    );
    void this.#narrator.then((narrator) => (this.#isOver ? undefined : narrator.tell(state)));
  }

  quiet(): void {
    void this.#narrator?.then((narrator) => narrator.quiet());
  }

  stop(): void {
    this.#isOver = true;
    this.#known?.stop();
    this.quiet();
  }
}

export async function followRemote(
  context: Context,
  session: OpenSession,
  following: Following,
): Promise<Followed | Leaving> {
  const { printer } = context;
  const { id, sinks, stdin, already } = following;
  const waiting = new Waiting(context, session, following);
  const { leave = new AbortController(), from = { stdout: 0, stderr: 0 } } = following;
  let lastState: CommandState | undefined;
  let interrupt: Interrupt | undefined;
  let lastStderr = Buffer.alloc(0);
  const letGo = stopRemote(context, session, id, {
    already,
    onInterrupt: (signal) => {
      interrupt = signal;
      following.onInterrupt?.(signal);
    },
    leave: (why) => leave.abort(why),
  });
  const follower: Follower = {
    signal: leave.signal,
    onStdout: (bytes) => (waiting.quiet(), sinks.stdout.write(bytes)),
    onStderr: (bytes) => {
      waiting.quiet();
      lastStderr = Buffer.from(bytes.subarray(-overQuotaAllowanceBytes));
      return sinks.stderr.write(bytes);
    },
    onState: (state) => {
      lastState = state;
      following.onState?.(state);
      waiting.see(state);
    },
    onRetry: (error) => void printer.note(`${error.message}; trying again`),
    onRecovery: () => void printer.note('the relay answers again'),
  };
  // Beside the output, never before it: the command may answer what it reads.
  const over = new AbortController();
  const forwarded =
    stdin &&
    import('../../client/forward-stdin.ts').then(({ forwardStdin }) =>
      forwardStdin(session.client, id, stdin, { signal: over.signal }),
    );
  forwarded?.catch((error: unknown) => leave.abort(error));
  try {
    const end = await followCommand(session.client, id, from, follower);
    await sinks.stdout.end();
    await sinks.stderr.end();
    return {
      ...end,
      lastState,
      interrupt,
      missed: waiting.missed,
      lastStderr: lastStderr.toString('latin1'),
    };
  } catch (error) {
    const { aborted, reason } = leave.signal;
    if (!aborted) throw nameCommand(error, id);
    if (reason instanceof Error) throw reason;
    return reason as Leaving;
  } finally {
    over.abort();
    // A terminal or a pipe that stays open must not keep us.
    stdin?.destroy();
    waiting.stop();
    letGo();
  }
}
