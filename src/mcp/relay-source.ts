/** Command source for a remotify relay, which stores the commands and their output. */
import { listCommands } from '../client/list-commands.ts';
import { forwardStdin } from '../client/forward-stdin.ts';
import { withRetry } from '../client/retry.ts';
import { readStream } from '../client/read-stream.ts';
import type { RelayClient } from '../client/relay-client.ts';
import { stopCommand } from '../client/stop-command.ts';
import type { CommandState, Signal } from '../protocol/command-states.ts';
import type { CommandView } from '../protocol/command-view.ts';
import { findMissing } from '../text/describe-missing.ts';
import { maxReadBytes } from '../protocol/limits.ts';
import type { CommandSource, PushRequest, Snapshot, Stream } from './command-source.ts';

/** Long enough for a restart of the relay, short enough to report an unreachable relay soon. */
const retryForMs = 3_000;

function toSnapshot(view: CommandView): Snapshot {
  return {
    id: view.id,
    text: view.text,
    state: view.state,
    exitStatus: view.exit_status,
    signal: view.signal,
    reason: view.reason,
    durationMs: view.duration_ms,
    bytes:
      view.missing_reason === 'evicted'
        ? { stdout: 0, stderr: 0 }
        : { stdout: view.stdout_bytes, stderr: view.stderr_bytes },
    missing: findMissing(view) ?? null,
  };
}

export class RelaySource implements CommandSource {
  readonly #client: RelayClient;
  readonly #describedAs: string;

  /** `describedAs`: how the remote shows this client to the operator. */
  constructor(client: RelayClient, describedAs: string) {
    this.#client = client;
    this.#describedAs = describedAs;
  }

  async push(script: Uint8Array, { stdin, ...request }: PushRequest): Promise<Snapshot> {
    const options = { ...request, stdin: stdin !== undefined, client: this.#describedAs };
    const view = await withRetry(() => this.#client.pushCommand(script, options), { retryForMs });
    // Not awaited, since the command runs meanwhile. If the input is lost, the result of the command shows it.
    if (stdin !== undefined)
      void forwardStdin(this.#client, view.id, toStream(stdin), {}).catch(() => undefined);
    return toSnapshot(view);
  }

  async look(
    id: string,
    known: CommandState | undefined,
    waitSeconds: number,
    signal?: AbortSignal,
  ): Promise<Snapshot> {
    const poll = { state: known, waitSeconds: Math.ceil(waitSeconds), ...(signal && { signal }) };
    return toSnapshot(await withRetry(() => this.#client.readCommand(id, poll), { retryForMs, signal }));
  }

  async read(id: string, stream: Stream, offset: number, length: number): Promise<Buffer> {
    const part = { stream, offset, length, maxPieceBytes: maxReadBytes };
    const chunks: Uint8Array[] = [];
    await readStream(this.#client, id, part, { retryForMs }, (bytes) => chunks.push(bytes));
    return Buffer.concat(chunks);
  }

  async stop(id: string, signal: Signal): ReturnType<CommandSource['stop']> {
    const { outcome, command } = await stopCommand(this.#client, id, signal);
    return { outcome, command: toSnapshot(command) };
  }

  async list(): Promise<Snapshot[]> {
    return (await withRetry(() => listCommands(this.#client), { retryForMs })).map(toSnapshot);
  }
}

async function* toStream(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
