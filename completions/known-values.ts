/** The possible values of options and arguments, which commander does not know. */
import { mcpHosts } from '../src/cli/mcp-config.ts';
import { signals } from '../src/protocol/command-states.ts';

export type Value =
  /** Any text, without completions: a duration, a number, a new name. */
  | { kind: 'free' }
  | { kind: 'words'; words: readonly string[] }
  | { kind: 'file' | 'folder' }
  /** A file; the arguments after it belong to the script. */
  | { kind: 'script' }
  /** The name of a stored session. */
  | { kind: 'session' }
  /** `file:` and a folder, or a word. */
  | { kind: 'store'; words: readonly string[] }
  /** The first word of a command; all words after it belong to the command. */
  | { kind: 'command' };

/** By "command --option" or "command argument", with commander's names. The generator fails if one no longer exists. */
const byPlace: Record<string, Value> = {
  'exec command': { kind: 'command' },
  'cp path': { kind: 'file' },
  'logs --stream': { kind: 'words', words: ['stdout', 'stderr'] },
  'cancel --signal': { kind: 'words', words: signals },
  'use name': { kind: 'session' },
  'end name': { kind: 'session' },
  'serve --store': { kind: 'store', words: ['file:', 'memory:', 'redis://'] },
  'config action': { kind: 'words', words: ['get', 'set', 'unset', 'path'] },
  'config name': { kind: 'words', words: ['url'] },
  'mcp action': { kind: 'words', words: ['config'] },
  'mcp host': { kind: 'words', words: mcpHosts },
  'completion shell': { kind: 'words', words: ['bash', 'zsh', 'fish'] },
};

const byPlaceholder: Record<string, Value> = {
  dir: { kind: 'folder' },
  file: { kind: 'file' },
  script: { kind: 'script' },
  'name-or-key': { kind: 'session' },
};

/** Looks up values, and tracks which entries of byPlace were not used. */
export class KnownValues {
  readonly #unused = new Set(Object.keys(byPlace));

  find(place: string, placeholder: string, choices: readonly string[] | undefined): Value {
    this.#unused.delete(place);
    if (choices) return { kind: 'words', words: choices };
    return byPlace[place] ?? byPlaceholder[placeholder] ?? { kind: 'free' };
  }

  checkAllUsed(): void {
    if (this.#unused.size > 0) throw new Error(`no such option or argument: ${[...this.#unused].join(', ')}`);
  }
}
