/** Defects for the relay outside of src/session: in what it saves, and when it acknowledges. By file of src. */
import type { Mutant } from '../session/mutant.ts';

/** Returns at once and does the work 20 ms later. */
const later = '((work) => void setTimeout(() => void work().catch(() => 0), 20))';

export const relayMutants: Readonly<Record<string, readonly Mutant[]>> = {
  'store/local-store.ts': [
    {
      name: 'a change is acknowledged before it is saved',
      from: 'await this.#medium.save(after, put);',
      to: 'setTimeout(() => void this.#medium.save(after, put).catch(() => undefined), 20);',
    },
  ],
  'store/lines.ts': [
    {
      name: 'two changes of one session run at the same time',
      from: 'before ? before.then(work, work) : work()',
      to: 'work()',
      needsSlowDisk: true,
    },
  ],
  'store/file-store.ts': [
    {
      name: 'bytes are written after the session that counts them',
      from: 'for (const piece of pieces) await this.#writePiece(session.name, piece);',
      to: 'for (const piece of pieces) setTimeout(() => void this.#writePiece(session.name, piece).catch(() => 0), 20);',
    },
  ],
  'session/extend-flow.ts': [
    {
      name: 'repeated output is stored twice',
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
      name: 'a refused start is answered with success',
      from: 'startCommand(session, route.id, listenerId, now),\n    exchange,\n  );',
      to: 'startCommand(session, route.id, listenerId, now),\n    exchange,\n  ).catch(() => undefined);',
    },
    {
      name: 'a result is acknowledged before the end is saved',
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
      name: 'a reader gets complete=true while the command runs',
      from: 'let complete = isEnded(command.state)',
      to: 'let complete = isEnded(command.state) || true',
    },
  ],
};
