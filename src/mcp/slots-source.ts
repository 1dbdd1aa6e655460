/** Command source for a legacy relay: runs one command at a time, and keeps ids and output in memory. */
import { dropFromSlot } from '../client/slots.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { withRetry } from '../client/retry.ts';
import type { RelayClient } from '../client/relay-client.ts';
import { runThroughSlots } from '../client/run-through-slots.ts';
import type { SlotFate } from '../client/withdraw-from-slot.ts';
import { type CommandState, isEnded } from '../protocol/command-states.ts';
import { defaultQueueSeconds, maxEndedCommands } from '../protocol/limits.ts';
import type { CommandSource, PushRequest, Snapshot, Stream } from './command-source.ts';
import { ToolError } from './tool-error.ts';
import { beginningOf } from '../text/beginning-of.ts';

/** Poll interval: a legacy relay has no long poll for states. */
const askAgainMs = 500;

interface SlotRun {
  snapshot: Snapshot;
  output: Buffer;
  /** Ends the wait for a result. */
  leave: AbortController;
  isPushed: boolean;
}

export class SlotsSource implements CommandSource {
  readonly #client: RelayClient;
  readonly #runs = new Map<string, SlotRun>();
  #count = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(client: RelayClient) {
    this.#client = client;
  }

  async push(script: Uint8Array, { stdin, timeoutSeconds }: PushRequest): Promise<Snapshot> {
    if (stdin !== undefined || timeoutSeconds > 0) {
      throw new ToolError(
        'input',
        'this is a legacy relay: it supports neither stdin nor a timeout',
        'omit stdin and timeout',
      );
    }
    // Fail now if the relay is unreachable, instead of waiting for a result that never comes.
    await this.#client.readStatus();
    const id = `c${++this.#count}`;
    const text = beginningOf(script);
    const run: SlotRun = {
      snapshot: {
        id,
        text,
        state: 'queued',
        exitStatus: null,
        signal: null,
        reason: null,
        durationMs: null,
        bytes: { stdout: 0, stderr: 0 },
        missing: null,
      },
      output: Buffer.alloc(0),
      leave: new AbortController(),
      isPushed: false,
    };
    this.#runs.set(id, run);
    this.#turn = this.#turn.then(() => this.#run(run, script));
    this.#forgetOld();
    return { ...run.snapshot };
  }

  #forgetOld(): void {
    const ended = [...this.#runs.values()].filter(({ snapshot }) => isEnded(snapshot.state));
    for (const { snapshot } of ended.slice(0, Math.max(0, ended.length - maxEndedCommands)))
      this.#runs.delete(snapshot.id);
  }

  /** Never throws: a failure ends the command as lost. */
  async #run(run: SlotRun, script: Uint8Array): Promise<void> {
    const { snapshot, leave } = run;
    if (isEnded(snapshot.state)) return;
    const began = Date.now();
    const { signal } = leave;
    run.isPushed = true;
    const watched = this.#watch(run);
    let neverRan = false;
    const onWithdrawn = (fate: SlotFate): void => void (neverRan = fate === 'dropped');
    try {
      // `signal` and `hurry`: the code that aborts has already dropped the command from the slot.
      const result = await runThroughSlots(this.#client, script, { signal, hurry: signal, onWithdrawn });
      run.output = result.output;
      snapshot.bytes.stdout = result.output.byteLength;
      snapshot.reason = result.note ?? null;
      snapshot.exitStatus = result.note === undefined ? result.exitStatus : null;
      snapshot.state = result.declined ? 'declined' : result.note === undefined ? 'finished' : 'lost';
      if (snapshot.state === 'finished') snapshot.durationMs = Date.now() - began;
    } catch (error) {
      if (!isEnded(snapshot.state)) {
        snapshot.state = neverRan ? 'cancelled' : 'lost';
        snapshot.reason = error instanceof Error ? error.message : 'unknown error';
      }
    }
    leave.abort();
    await watched;
  }

  /** Polls the slot until a listener picks the command up, or the queue time is over and the command expires. */
  async #watch({ snapshot, leave }: SlotRun): Promise<void> {
    const deadline = Date.now() + defaultQueueSeconds * 1000;
    while (snapshot.state === 'queued' && !leave.signal.aborted) {
      await sleep(askAgainMs, undefined, { signal: leave.signal }).catch(() => undefined);
      const status = await this.#client.readStatus().catch(() => undefined);
      if (snapshot.state !== 'queued') return;
      if (status?.cmd_in_flight === true) snapshot.state = 'running';
      else if (status?.cmd_queued === true && Date.now() > deadline) {
        await dropFromSlot(this.#client).catch(() => undefined);
        snapshot.state = 'expired';
        leave.abort();
      }
    }
  }

  #find(id: string): SlotRun {
    const run = this.#runs.get(id);
    if (!run)
      throw new ToolError(
        'input',
        `no such command: ${id}`,
        'ids look like c7; remote_session_info lists them',
      );
    return run;
  }

  async look(
    id: string,
    known: CommandState | undefined,
    waitSeconds: number,
    signal?: AbortSignal,
  ): Promise<Snapshot> {
    const { snapshot } = this.#find(id);
    const deadline = Date.now() + waitSeconds * 1000;
    while (snapshot.state === known && !isEnded(snapshot.state) && Date.now() < deadline)
      await sleep(50, undefined, signal ? { signal } : {});
    return { ...snapshot, bytes: { ...snapshot.bytes } };
  }

  async read(id: string, stream: Stream, offset: number, length: number): Promise<Buffer> {
    const { output } = this.#find(id);
    return stream === 'stdout' ? output.subarray(offset, offset + length) : Buffer.alloc(0);
  }

  /** A command that a listener picked up cannot be stopped: a legacy relay cannot signal the listener. */
  async stop(id: string): ReturnType<CommandSource['stop']> {
    const run = this.#find(id);
    const { snapshot, leave, isPushed } = run;
    if (isEnded(snapshot.state)) return { outcome: 'ended before', command: { ...snapshot } };
    const isWaiting = !isPushed || (await withRetry(() => this.#client.readStatus(), {})).cmd_queued;
    if (!isWaiting) return { outcome: 'impossible', command: { ...snapshot } };
    if (isPushed) await dropFromSlot(this.#client);
    snapshot.state = 'cancelled';
    leave.abort();
    return { outcome: 'cancelled', command: { ...snapshot } };
  }

  async list(): Promise<Snapshot[]> {
    return [...this.#runs.values()].map(({ snapshot }) => ({ ...snapshot }));
  }
}
