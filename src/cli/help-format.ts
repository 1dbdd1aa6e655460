/** Formats help: one width for all of it, wrapped paragraphs, examples that are never wrapped. */
import { type Command, Help } from 'commander';
import type { Environment } from '../config/environment.ts';
import type { OutputStream } from '../terminal/io.ts';
import { readColumns } from '../terminal/columns.ts';

const narrowest = 20;
const offTerminal = 80;

/** A description that would be narrower than this goes below its term. */
const minDescriptionWidth = 24;
const belowIndent = 6;

/** COLUMNS, else the terminal's width, else 80. */
export function chooseHelpWidth(stream: OutputStream, environment: Environment): number {
  const columns = readColumns(environment) ?? stream.columns ?? 0;
  return columns > 0 ? Math.max(narrowest, columns) : offTerminal;
}

const indent = (text: string, width: number): string => text.replaceAll('\n', `\n${' '.repeat(width)}`);

/** Commander does not wrap narrow descriptions and the usage line: a terminal would break them inside words. */
export const helpConfiguration: Partial<Help> = {
  minWidthToWrap: 10,
  commandUsage(this: Help, command) {
    const label = 'Usage: '.length;
    const usage = Help.prototype.commandUsage.call(this, command);
    return indent(this.boxWrap(usage, (this.helpWidth ?? offTerminal) - label), label);
  },
  formatItem(this: Help, term, termWidth, description, helper) {
    const width = this.helpWidth ?? offTerminal;
    if (description === '' || width - termWidth - 4 >= minDescriptionWidth)
      return Help.prototype.formatItem.call(this, term, termWidth, description, helper);
    const below = helper.boxWrap(description, width - belowIndent);
    return `  ${term}\n${' '.repeat(belowIndent)}${indent(below, belowIndent)}`;
  },
};

export interface HelpText {
  /** Paragraphs, each a line of its own; they are wrapped. */
  notes?: readonly string[];
  /** Lines to copy; they are never wrapped. */
  examples?: readonly string[];
  /** Paragraphs after the examples. */
  closing?: readonly string[];
}

const texts = new WeakMap<Command, HelpText>();

/** What `addHelp` added to the help of a command. */
export function readHelp(command: Command): HelpText {
  return texts.get(command) ?? {};
}

/** Adds the text after the options. */
export function addHelp(command: Command, given: HelpText): Command {
  const { notes = [], examples = [], closing = [] } = given;
  texts.set(command, given);
  return command.addHelpText('after', ({ error }) => {
    const help = command.createHelp();
    const output = command.configureOutput();
    const width = (error ? output.getErrHelpWidth?.() : output.getOutHelpWidth?.()) ?? offTerminal;
    const wrap = (text: string): string => help.boxWrap(text, width);
    const shown =
      examples.length === 0 ? [] : [['Examples:', ...examples.map((line) => `  $ ${line}`)].join('\n')];
    return `\n${[...notes.map(wrap), ...shown, ...closing.map(wrap)].join('\n\n')}`;
  });
}
