/** Rejects options of exec that a legacy relay does not support. */
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { ExecOptions } from './exec-options.ts';
import type { Job } from './exec-through-commands.ts';
import { nameFlag } from '../../config/name-flag.ts';

/** The first flag or variable in use that a legacy relay does not support. */
function findUnsupported(options: ExecOptions, { timeout }: Pick<Job, 'timeout'>): string | undefined {
  const flags = ['detach', 'stdin', 'json', 'waitListener', 'waitApproval'] as const;
  const flag = flags.find((name) => options[name] !== undefined);
  if (flag !== undefined) return nameFlag(flag);
  return timeout && timeout.seconds > 0 ? timeout.source : undefined;
}

export function checkSupported(url: string, options: ExecOptions, job: Job): void {
  const unsupported = findUnsupported(options, job);
  if (unsupported === undefined) return;
  throw new Failure(
    `${url} is a legacy relay: it does not support ${unsupported}`,
    'leave it out, or use a remotify relay: `remotify serve`',
    exitCodes.usage,
    'not_supported',
  );
}
