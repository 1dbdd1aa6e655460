/** Ways to break a relay around its session: in what it keeps, and when it says so. By file of src. */
import type { Mutant } from '../session/mutant.ts';

/** Like relay.sessions, with an update that says at once that it is done. */
const later =
  '({ update: (...given) => void setTimeout(() => void relay.sessions.update(...given).catch(() => 0), 20) })';

export const relayMutants: Readonly<Record<string, readonly Mutant[]>> = {
  'store/local-store.ts': [
    {
      name: 'a change is acknowledged before it is written',
      from: 'if (!quiet) await this.#medium.save(session, put);',
      to: 'if (!quiet) setTimeout(() => void this.#medium.save(session, put).catch(() => undefined), 20);',
    },
    {
      name: 'output is acknowledged before it is written',
      from: 'await this.#medium.write(name, id, stream, end, fresh)',
      to: 'setTimeout(() => void this.#medium.write(name, id, stream, end, fresh).catch(() => undefined), 20)',
    },
    {
      name: 'output that comes twice is kept twice',
      from: 'bytes.subarray(Math.min(bytes.byteLength, end - offset))',
      to: 'bytes',
    },
    {
      name: 'changes of one session overlap',
      from: 'before.then(work, work)',
      to: 'work()',
    },
  ],
  'relay/handlers/commands.ts': [
    {
      name: 'an Idempotency-Key is not read',
      from: "key === '' ? null : key",
      to: 'null',
    },
  ],
  'relay/handlers/listener.ts': [
    {
      name: 'a refused start is answered with a yes',
      from: 'startCommand(session, route.id, listenerId, now),\n    exchange,\n  );',
      to: 'startCommand(session, route.id, listenerId, now),\n    exchange,\n  ).catch(() => undefined);',
    },
    {
      name: 'a result is acknowledged before its end is kept',
      from: 'await relay.sessions.update(\n    name,\n    (session, now) => finishCommand',
      to: `${later}.update(\n    name,\n    (session, now) => finishCommand`,
    },
    {
      name: 'the rest of the output is dropped',
      from: 'body.subarray(0, stdoutBytes)',
      to: 'body.subarray(0, 0)',
    },
  ],
  'relay/handlers/output.ts': [
    {
      name: 'a reader is told that this is all while the command runs',
      from: 'let complete = isEnded(command.state)',
      to: 'let complete = isEnded(command.state) || true',
    },
  ],
};
