/** Creates ended commands, whose Idempotency-Keys a session remembers. */
import { type Command, createCommand, endCommand } from '../../src/session/command.ts';

/** Command cN with the key `key-N`, which ended at `endedAt`. */
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
