import { listenerMutants } from './listener-mutants.ts';
import type { Mutant } from './mutant.ts';

/** Defects for src/session. Each is one change of one file, and the promises must notice every one of them. */
const requeue =
  '{ ...rest, commands: rest.commands.map((c) => (c.id === command.id ? requeueCommand(c) : c)) }';
/** By file of src/session. */
export const mutants: Readonly<Record<string, readonly Mutant[]>> = {
  'time.ts': [
    {
      name: 'the running command of a silent listener is queued again',
      from: "settleCommand(rest, endCommand(command, 'lost', now, { reason }))",
      to: requeue,
    },
    {
      name: 'a silent listener keeps its command',
      from: "listener.kind === 'slot' ||",
      to: 'true ||',
    },
    {
      name: 'a command that awaits approval does not expire',
      from: 'isWaiting(command.state) && command.expiresAt !== null',
      to: "command.state === 'queued' && command.expiresAt !== null",
    },
    {
      name: 'a running command expires',
      from: 'isWaiting(command.state) && command.expiresAt !== null',
      to: 'command.endedAt === null && command.expiresAt !== null',
    },
    {
      name: 'a command expires early',
      from: 'command.expiresAt <= now',
      to: 'command.expiresAt <= now + 5_000',
    },
  ],
  'listener.ts': [
    {
      name: 'a connected listener counts as disconnected',
      from: 'listener.seenAt + listenerSilenceMs',
      to: 'listener.seenAt + listenerSilenceMs / 20',
    },
    {
      name: 'a closed socket gets no grace period',
      from: 'listener.goneAt + listenerGraceMs',
      to: 'listener.goneAt',
    },
  ],
  'serve-listener.ts': listenerMutants,
  'cancel-command.ts': [
    {
      name: 'a queued command cannot be cancelled',
      from: 'if (isWaiting(command.state)) {',
      to: "if (command.state === 'awaiting_approval') {",
    },
    {
      name: 'a running command is reported as cancelled',
      from: 'if (isWaiting(command.state)) {',
      to: 'if (command.endedAt === null) {',
    },
    {
      name: 'a weaker signal replaces a stronger one',
      from: 'chooseStronger(command.cancelSignal, signal)',
      to: 'chooseStronger(null, signal)',
    },
    {
      name: 'a reset leaves queued commands',
      from: 'if (isWaiting(command.state))\n',
      to: "if (command.state === 'awaiting_approval')\n",
    },
    {
      name: 'a reset queues the running command again',
      from: "endCommand(command, 'lost', now, { reason: 'the session was reset' })",
      to: "{ ...command, state: 'queued' as const }",
    },
  ],
  'push-command.ts': [
    {
      name: 'an Idempotency-Key is ignored',
      from: 'given.idempotencyKey === null',
      to: "given.idempotencyKey !== ''",
    },
    {
      name: 'an Idempotency-Key is accepted with other bytes',
      from: "throw new Refusal('key_reused')",
      to: 'Number()',
    },
    {
      name: 'a push to the slot ends a running command',
      from: "command.origin === 'slot' && command.state === 'queued'",
      to: "command.origin === 'slot' && command.endedAt === null",
    },
    {
      name: 'a push to the slot cancels a command of the commands resource',
      from: "command.origin === 'slot' && command.state === 'queued'",
      to: "command.state === 'queued'",
    },
    {
      name: 'a push to the slot leaves the earlier slot command queued',
      from: "command.origin === 'slot' && command.state === 'queued'",
      to: 'command.scriptBytes < 0',
    },
    {
      name: 'a push to the slot leaves an old result there',
      from: '...emptySlot,',
      to: '',
    },
    {
      name: 'an id is used twice',
      from: 'session.nextNumber}`',
      to: 'session.commands.length + 1}`',
    },
  ],
  'past-keys.ts': [
    {
      name: 'an Idempotency-Key is forgotten with its command',
      from: 'return appendKeys(dropOldPages(past, now), entries)',
      to: 'return entries.length > 0 ? past : dropOldPages(past, now)',
    },
    {
      name: 'a repeated push of a forgotten command returns another id',
      from: 'const { id, digest, state,',
      to: 'const { digest, state, id: own } = command;\n    const id = `${own}0`;\n    const {',
    },
  ],
  'settle-command.ts': [
    {
      name: 'the result slot shows results of the commands resource',
      from: "command.origin === 'slot'",
      to: "command.id !== ''",
    },
  ],
  'session.ts': [
    {
      name: 'a long run that has just ended is forgotten first',
      from: 'const end = command?.endedAt ?? 0;',
      to: 'const end = at;',
    },
    {
      name: 'a running command is forgotten',
      from: '|| !isEnded(command.state)',
      to: '',
    },
  ],
  'serve-slots.ts': [
    {
      name: 'the slot sends a command while a runner is attached',
      from: "!queued || findLiveListener(session, now)?.kind === 'runner'",
      to: '!queued',
    },
    {
      name: 'a command whose bytes never left the relay is lost',
      from: "state: 'queued', listenerId: null, shownAt: null, startedAt: null",
      to: "state: 'lost', endedAt: 1",
    },
    {
      name: 'a cancelled command whose bytes never left the relay is queued again',
      from: 'command.cancelCount > 0',
      to: 'command.cancelCount < 0',
    },
    {
      name: 'a command that was lost meanwhile is queued again',
      from: 'slotRuns(session).find(',
      to: 'session.commands.find(',
    },
    {
      name: "a result posted to the slot ends a runner's command",
      from: "c.state === 'running' && c.listenerId === slotListenerId",
      to: "c.state === 'running'",
    },
    {
      name: 'DELETE /cmd ends a running command',
      from: "command.origin === 'slot' && isWaiting(command.state)",
      to: "command.origin === 'slot' && command.endedAt === null",
    },
    {
      name: 'DELETE /cmd cancels a command of the commands resource',
      from: "command.origin === 'slot' && isWaiting(command.state)",
      to: 'isWaiting(command.state)',
    },
  ],
  'apply-transition.ts': [
    {
      name: 'an event does not see the timeouts that are due',
      from: 'const onTime = advance(reopened, now)',
      to: 'const onTime = reopened',
    },
    {
      name: 'a change does not wake waiting clients',
      from: 'session.revision : session.revision + 1',
      to: 'session.revision : session.revision',
    },
  ],
  'reopen-session.ts': [
    {
      name: 'silence counts while the relay was down',
      from: 'seenAt: clamp(listener.seenAt)',
      to: 'seenAt: 0',
    },
  ],
};
