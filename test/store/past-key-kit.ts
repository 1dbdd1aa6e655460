/** Commands that ended, for the Idempotency-Keys that are remembered of them. */
import { type Command, createCommand, endCommand } from '../../src/session/command.ts';

/** Command number so-and-so, with the key `key-N`, ended at a point in time. */
export function makeEnded(number: number, endedAt: number): Command {
  const given = {
    origin: 'commands' as const,
    scriptBytes: 4,
    digest: `digest-${number}`,
    idempotencyKey: `key-${number}`,
    pushedBy: null,
    merge: false,
    stdin: 'none' as const,
    timeoutSeconds: 0,
    queueSeconds: null,
  };
  return endCommand(createCommand(`c${number}`, given, endedAt), 'finished', endedAt, {
    exitStatus: number % 256,
  });
}
