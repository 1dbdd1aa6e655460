/** Definitions of arguments that several tools share. */
import { signals } from '../protocol/command-states.ts';
import { commandIdPattern } from '../protocol/paths.ts';
import { maxBudgetSeconds } from './await-news.ts';
import { choice, formatted, number, text } from './fields.ts';
import { streams } from './command-source.ts';

const sessionForm = {
  accepts: 'the name of a stored session: remote_session_info lists them',
  example: 'prod',
};

/** Only one tool describes this argument, because every conversation pays for the tool list. */
export const describedSession = text(
  false,
  'Name of a stored session; default: the current one.',
  sessionForm,
);
export const session = text(false, '', sessionForm);

const idForm = {
  accepts: 'the id of a command; ids look like c7',
  example: 'c7',
  tidy: (word: string) => word.toLowerCase().replace(/^(?=\d)/, 'c'),
};

export const id = formatted(true, commandIdPattern, { ...idForm, description: 'e.g. c7' });

export const idOrBusy = formatted(false, commandIdPattern, {
  ...idForm,
  description: 'Default: the running command, else the next in the queue.',
});

export const waitSeconds = (description: string) =>
  number(description, { min: 0, max: maxBudgetSeconds, isDuration: true, raises: true, example: 30 });

export const describedBudget = waitSeconds(
  `Seconds to wait for the end; ${maxBudgetSeconds} by default and at most.`,
);
export const budget = waitSeconds('');

export const stream = choice(streams);

export const signal = choice(signals, 'TERM by default, KILL 10 s later.', {
  sigint: 'INT',
  sigterm: 'TERM',
  sigkill: 'KILL',
  '2': 'INT',
  '15': 'TERM',
  '9': 'KILL',
});
