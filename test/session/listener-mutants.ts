/** Ways to break serve-listener.ts, where a command meets whoever runs it. */
import type { Mutant } from './mutant.ts';

const handOver =
  '{ ...session, commands: session.commands.map((c) => ({ ...c, listenerId: c.listenerId && identity.id })) }';

export const listenerMutants: readonly Mutant[] = [
  {
    name: 'a closed socket is not noticed',
    from: 'goneAt: closedAt } }, result',
    to: 'goneAt: null } }, result',
  },
  {
    name: 'what is over can be started',
    from: "throw new Refusal('not_startable', command.state);\n  const started",
    to: 'Number();\n  const started',
  },
  {
    name: "another listener's command can be started",
    from: 'const command = findOwn(seen, id, listenerId);\n  // Shown',
    to: 'const command = findCommand(seen, id);\n  // Shown',
  },
  {
    name: "another listener's command can be finished",
    from: 'if (command.listenerId !== listenerId)',
    to: "if (command.listenerId === 'nobody')",
  },
  {
    name: 'a command is handed out again to a listener that had it',
    from: 'inHand.id !== had',
    to: "inHand.id !== ''",
  },
  {
    name: 'a command is handed out again after its listener was heard of it',
    from: 'inHand.heardAt === null',
    to: 'true',
  },
  {
    name: 'what one listener runs is handed to the one that takes over',
    from: "releaseCommands(session, listener.id, now, 'another listener took over')",
    to: handOver,
  },
  {
    name: 'it is forgotten that a listener was heard of its command',
    from: '{ ...command, heardAt: now }',
    to: '{ ...command }',
  },
  {
    name: 'it is kept in memory only that a listener was heard of its command',
    from: 'result: heard }',
    to: 'result: heard, quiet: true }',
  },
  {
    name: 'a second listener is let in while the first lives',
    from: "present?.kind === 'runner'",
    to: "present?.kind === 'slot'",
  },
  {
    name: 'the newest command comes first',
    from: 'queuedCommands(admitted.session)[0]',
    to: 'queuedCommands(admitted.session).at(-1)',
  },
  {
    name: 'a late finish is refused',
    from: '!takesOutput(command.state)',
    to: "command.state !== 'running'",
  },
  {
    name: 'a repeated finish is refused',
    from: 'if (isReported(command.state))',
    to: "if (command.state === 'timed_out')",
  },
  {
    name: 'a cancelled command is handed out again',
    from: 'mayBeLost && inHand.cancelCount === 0',
    to: 'mayBeLost',
  },
  {
    name: 'the start of a cancelled command is repeated',
    from: "command.state === 'running' && command.cancelCount === 0",
    to: "command.state === 'running'",
  },
  {
    name: 'a poll brings a listener back that has left',
    from: 'if (listener.hasLeft) throw',
    to: 'if (listener.seenAt < 0) throw',
  },
  {
    name: 'a straggler brings a listener back that has left',
    from: 'listener?.id !== listenerId || listener.hasLeft',
    to: 'listener?.id !== listenerId',
  },
  {
    name: 'a command is lost in silence',
    from: 'now, had), quiet: false }',
    to: 'now, had) }',
  },
];
