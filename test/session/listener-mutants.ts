/** Defects for serve-listener.ts, which serves the requests of a runner. */
import type { Mutant } from './mutant.ts';

const handOver =
  '{ ...session, commands: session.commands.map((c) => ({ ...c, listenerId: c.listenerId && identity.id })) }';

export const listenerMutants: readonly Mutant[] = [
  {
    name: 'a closed socket is ignored',
    from: 'goneAt: closedAt } }, result',
    to: 'goneAt: null } }, result',
  },
  {
    name: 'an ended command can be started',
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
    name: 'a command is sent again to a listener that had it',
    from: 'inHand.id !== had',
    to: "inHand.id !== ''",
  },
  {
    name: 'a command is sent again after its listener sent a request about it',
    from: 'inHand.heardAt === null',
    to: 'true',
  },
  {
    name: 'the running command of a listener goes to the listener that takes over',
    from: "releaseCommands(session, listener.id, now, 'another listener took over')",
    to: handOver,
  },
  {
    name: 'the relay does not record that a listener sent a request about its command',
    from: '{ ...command, heardAt: now }',
    to: '{ ...command }',
  },
  {
    name: 'the record that a listener sent a request about its command is only in memory',
    from: 'result: heard }',
    to: 'result: heard, quiet: true }',
  },
  {
    name: 'a second listener is attached while the first is connected',
    from: "present?.kind === 'runner'",
    to: "present?.kind === 'slot'",
  },
  {
    name: 'the newest command is sent first',
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
    name: 'a cancelled command is sent again',
    from: 'mayBeLost && inHand.cancelCount === 0',
    to: 'mayBeLost',
  },
  {
    name: 'a repeated start of a cancelled command succeeds',
    from: "command.state === 'running' && command.cancelCount === 0",
    to: "command.state === 'running'",
  },
  {
    name: 'a poll reattaches a listener that has left',
    from: 'if (listener.hasLeft) throw',
    to: 'if (listener.seenAt < 0) throw',
  },
  {
    name: 'a late request reattaches a listener that has left',
    from: 'listener?.id !== listenerId || listener.hasLeft',
    to: 'listener?.id !== listenerId',
  },
  {
    name: 'the loss of a command is a quiet change',
    from: 'now, had), quiet: false }',
    to: 'now, had) }',
  },
];
