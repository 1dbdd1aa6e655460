import { expect, test } from 'vitest';
import { isEnded } from '../../src/protocol/command-states.ts';
import { type Command, createCommand, endCommand } from '../../src/session/command.ts';
import {
  appendCommand,
  dropAt,
  openCommands,
  replaceAt,
  usedBytes,
} from '../../src/session/open-commands.ts';
import { createRandom } from '../harness/random.ts';

const given = {
  origin: 'commands',
  scriptBytes: 10,
  digest: '',
  idempotencyKey: null,
  pushedBy: null,
  merge: false,
  stdin: 'none',
  timeoutSeconds: 0,
  queueSeconds: null,
} as const;

/** Computed from the commands one by one, without the cache. */
function expectAnswers(commands: readonly Command[]): void {
  const copy = commands.map((command) => command);
  const flows = copy.map((one) => (one.isEvicted ? 0 : one.stdinBytes + one.stdoutBytes + one.stderrBytes));
  const bytes = copy.reduce((sum, { scriptBytes }, at) => sum + scriptBytes + (flows[at] ?? 0), 0);
  expect(openCommands(commands)).toEqual(copy.filter(({ state }) => !isEnded(state)));
  expect(usedBytes({ commands })).toBe(bytes);
}

test('2000 lists derived from each other: the cached open commands and bytes match the list', () => {
  const random = createRandom(11);
  let commands: readonly Command[] = [];
  for (let step = 1; step <= 2_000; step += 1) {
    const at = random.below(Math.max(1, commands.length));
    const command = commands[at];
    const kind = random.below(commands.length > 40 ? 6 : 5);
    if (!command || kind === 0) commands = appendCommand(commands, createCommand(`c${step}`, given, step));
    else if (kind === 1) commands = replaceAt(commands, at, endCommand(command, 'finished', step));
    else if (kind === 2) commands = replaceAt(commands, at, { ...command, stdoutBytes: step });
    else if (kind === 3) commands = replaceAt(commands, at, { ...command, isEvicted: true });
    else if (kind === 4) commands = replaceAt(commands, at, { ...command, state: 'running' });
    else commands = dropAt(commands, at);
    expectAnswers(commands);
  }
});
