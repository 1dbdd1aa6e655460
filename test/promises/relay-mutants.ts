/** Ways to break a relay around its session: in what it keeps, and when it says so. By file of src. */
import type { Mutant } from '../session/mutant.ts';

/** Says at once that it is done. */
const later = '((work) => void setTimeout(() => void work().catch(() => 0), 20))';

export const relayMutants: Readonly<Record<string, readonly Mutant[]>> = {
  'store/local-store.ts': [
    {
      name: 'a change is acknowledged before it is written',
      from: 'await this.#medium.save(after, put);',
      to: 'setTimeout(() => void this.#medium.save(after, put).catch(() => undefined), 20);',
    },
  ],
  'store/lines.ts': [
    {
      name: 'changes of one session overlap',
      from: 'before ? before.then(work, work) : work()',
      to: 'work()',
      needsSlowDisk: true,
    },
  ],
  'store/file-store.ts': [
    {
      name: 'bytes are written after what says how many they are',
      from: 'for (const piece of pieces) await this.#writePiece(session.name, piece);',
      to: 'for (const piece of pieces) setTimeout(() => void this.#writePiece(session.name, piece).catch(() => 0), 20);',
    },
  ],
  'session/extend-flow.ts': [
    {
      name: 'output that comes twice is kept twice',
      from: 'bytes.subarray(Math.min(bytes.byteLength, end - offset))',
      to: 'bytes',
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
      from: 'await noteRefusal(relay, name, route.id, () =>\n    relay.sessions.update(\n      name,\n      (session, now) => finishCommand',
      to: `await ${later}(() =>\n    relay.sessions.update(\n      name,\n      (session, now) => finishCommand`,
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
