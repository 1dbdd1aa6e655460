import { listenerMutants } from './listener-mutants.ts';
import type { Mutant } from './mutant.ts';

/** Ways to break a session. Each is one change of one file, and the promises must notice every one of them. */
const requeue =
  '{ ...rest, commands: rest.commands.map((c) => (c.id === command.id ? requeueCommand(c) : c)) }';
/** By file of src/session. */
export const mutants: Readonly<Record<string, readonly Mutant[]>> = {
  'time.ts': [
    {
      name: 'what ran at a silent listener is queued again',
      from: "settleCommand(rest, endCommand(command, 'lost', now, { reason }))",
      to: requeue,
    },
    {
      name: 'a silent listener keeps what it has',
      from: "listener.kind === 'slot' ||",
      to: 'true ||',
    },
    {
      name: 'a prompt does not expire',
      from: 'isWaiting(command.state) && command.expiresAt !== null',
      to: "command.state === 'queued' && command.expiresAt !== null",
    },
    {
      name: 'what runs expires',
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
      name: 'a living listener is called dead',
      from: 'listener.seenAt + listenerSilenceMs',
      to: 'listener.seenAt + listenerSilenceMs / 20',
    },
    {
      name: 'a closed socket is not forgiven',
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
      name: 'what runs is called cancelled',
      from: 'if (isWaiting(command.state)) {',
      to: 'if (command.endedAt === null) {',
    },
    {
      name: 'a reset leaves the queue',
      from: 'if (isWaiting(command.state))\n',
      to: "if (command.state === 'awaiting_approval')\n",
    },
    {
      name: 'a reset queues what runs once more',
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
      name: 'an Idempotency-Key names other bytes',
      from: "throw new Refusal('key_reused')",
      to: 'Number()',
    },
    {
      name: 'the last write to the slot ends what runs',
      from: "command.origin === 'slot' && command.state === 'queued'",
      to: "command.origin === 'slot' && command.endedAt === null",
    },
    {
      name: 'the last write to the slot ends what came in through the resource',
      from: "command.origin === 'slot' && command.state === 'queued'",
      to: "command.state === 'queued'",
    },
    {
      name: 'the last write to the slot does not win',
      from: "command.origin === 'slot' && command.state === 'queued'",
      to: 'command.scriptBytes < 0',
    },
    {
      name: 'an old result stays in the slot',
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
      name: 'a command that was forgotten is answered with another one',
      from: 'const { id, digest, state,',
      to: 'const { digest, state, id: own } = command;\n    const id = `${own}0`;\n    const {',
    },
  ],
  'settle-command.ts': [
    {
      name: "the slot shows the resource's results",
      from: "command.origin === 'slot'",
      to: "command.id !== ''",
    },
  ],
  'session.ts': [
    {
      name: 'a long run that has just ended is the first to be forgotten',
      from: 'const end = command?.endedAt ?? 0;',
      to: 'const end = at;',
    },
    {
      name: 'what runs is forgotten',
      from: '|| !isEnded(command.state)',
      to: '',
    },
  ],
  'serve-slots.ts': [
    {
      name: 'the slot hands out while a runner is attached',
      from: "!queued || findLiveListener(session, now)?.kind === 'runner'",
      to: '!queued',
    },
    {
      name: 'a command whose bytes never left is lost',
      from: "state: 'queued', listenerId: null, shownAt: null, startedAt: null",
      to: "state: 'lost', endedAt: 1",
    },
    {
      name: 'a cancelled command whose bytes never left is queued again',
      from: 'command.cancelCount > 0',
      to: 'command.cancelCount < 0',
    },
    {
      name: 'a command that was lost meanwhile is given back',
      from: 'slotRuns(session).find(',
      to: 'session.commands.find(',
    },
    {
      name: "a posted result ends a runner's command",
      from: "c.state === 'running' && c.listenerId === slotListenerId",
      to: "c.state === 'running'",
    },
    {
      name: 'a drop ends what runs',
      from: "command.origin === 'slot' && isWaiting(command.state)",
      to: "command.origin === 'slot' && command.endedAt === null",
    },
    {
      name: 'a drop ends what came in through the resource',
      from: "command.origin === 'slot' && isWaiting(command.state)",
      to: 'isWaiting(command.state)',
    },
  ],
  'apply-transition.ts': [
    {
      name: 'an event is not told what fell due',
      from: 'const onTime = advance(reopened, now)',
      to: 'const onTime = reopened',
    },
    {
      name: 'those who wait are not told of changes',
      from: 'session.revision : session.revision + 1',
      to: 'session.revision : session.revision',
    },
  ],
  'reopen-session.ts': [
    {
      name: 'silence is counted while there was no relay',
      from: 'seenAt: clamp(listener.seenAt)',
      to: 'seenAt: 0',
    },
  ],
};
