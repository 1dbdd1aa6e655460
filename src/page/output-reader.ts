/** Reads the output of commands: follows the running one to its end, and reads ended ones one at a time. */
import { type CommandEnd, followCommand } from '../client/follow-command.ts';
import { RelayError } from '../client/relay-error.ts';
import type { CommandCard } from './command-card.ts';
import { explain } from './explain.ts';
import type { SessionLink } from './session-link.ts';

/** When the page opens, the newest ended commands with short output are read without a press of their button. */
const readAgainCommands = 10;
const readAgainBytes = 64 * 1024;

/** The page shows only the end of long output: it skips the rest instead of reading it. */
const skip = { beyondBytes: 1024 * 1024, keptBytes: 512 * 1024 };

export class OutputReader {
  readonly #link: SessionLink;
  readonly #list: () => CommandCard[];
  #isFollowing = false;
  #reading: Promise<void> = Promise.resolve();

  /** `list`: the commands that the page shows now. */
  constructor(link: SessionLink, list: () => CommandCard[]) {
    this.#link = link;
    this.#list = list;
  }

  /** Reads output of ended commands: automatically for the newest few, for others when the visitor presses the button. */
  readEnded(): void {
    const ended = this.#list().filter((card) => !card.isOpen);
    const newestFirst = ended.toSorted((a, b) => b.number - a.number);
    for (const [at, card] of newestFirst.entries()) {
      if (card.isComplete) continue;
      const { stdout_bytes: stdout = 0, stderr_bytes: stderr = 0 } = card.view;
      const isSmall = at < readAgainCommands && stdout + stderr <= readAgainBytes;
      if (!card.isWanted && !isSmall) card.offerOutput();
      else if (!card.isRead) {
        card.isRead = true;
        this.#reading = this.#reading.then(() => this.#read(card));
      }
    }
  }

  /** Follows one command at a time, the oldest first, because the remote runs them in this order. */
  follow(): void {
    if (this.#isFollowing || this.#link.signal.aborted) return;
    const open = this.#list().filter((card) => card.isOpen && !card.isRead);
    const [card] = open.toSorted((a, b) => a.number - b.number);
    if (!card) return;
    this.#isFollowing = true;
    card.isRead = true;
    void this.#read(card).then(() => {
      this.#isFollowing = false;
      if (card.isComplete) this.follow();
    });
  }

  async #read(card: CommandCard): Promise<void> {
    const { client, retry, signal } = this.#link;
    try {
      const end: CommandEnd = await followCommand(client, card.id ?? '', card.read, {
        ...retry,
        signal,
        onStdout: async (bytes) => card.append('stdout', bytes),
        onStderr: async (bytes) => card.append('stderr', bytes),
        onState: (state) => {
          if (state === card.view.state) return;
          card.update({ state });
          this.#link.onChange();
        },
        skip: { ...skip, onSkip: (stream, offset) => card.skipTo(stream, offset) },
      });
      card.complete(end);
      this.#link.onChange();
    } catch (error) {
      const code = error instanceof RelayError ? error.code : '';
      if (code === 'unknown_state') card.close(explain(error));
      else if (code !== 'no_such_command') this.#link.onRetry(error);
      // Other clients pushed so many commands that the relay no longer stores this one.
      else card.close(`outcome unknown: ${explain(error)}`);
    } finally {
      card.isRead = false;
    }
  }
}
