/** Follows a command until it ends: copies output to our streams and stdin to the remote, and handles signals and bounds. */
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

/** How much of stderr is kept for hints: enough for the error of a program that needs a terminal. */
const stderrTailBytes = 400;

/** How the command ended, and what this client saw and did before. */
export interface Followed extends CommandEnd {
  lastState: CommandState | undefined;
  interrupt: Interrupt | undefined;
  missed: Awaited | undefined;
  /** The end of the last piece that the command wrote to stderr. */
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
  /** The offsets from which both streams are read; 0 unless given. */
  from?: ReadFrom;
  /** The caller aborts it with an Error to stop following. */
  leave?: AbortController;
  onState?: (state: CommandState) => void;
  onInterrupt?: (signal: Interrupt) => void;
}

/** Adds the command's id to the error: a user must not repeat a command because its relay became unreachable after the push. */
function nameCommand(error: unknown, id: string): unknown {
  if (!(error instanceof RelayError) || !error.isRetryable) return error;
  return new Failure(
    `${error.message}; command ${id} may still run`,
    `run \`remotify logs -f ${id}\` before you repeat it`,
    exitCodes.trouble,
    'unreachable',
  );
}

/** Progress messages and bounds of a command that has not started. Loads their code only when it is needed. */
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
      lastStderr = Buffer.from(bytes.subarray(-stderrTailBytes));
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
  // In parallel with the output, never before it: the command may write output in reply to its input.
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
    // A terminal or a pipe that stays open must not keep this process running.
    stdin?.destroy();
    waiting.stop();
    letGo();
  }
}
