import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type LegacyAnswer, render } from './legacy-answer.ts';

/**
 * A relay that behaves like the public legacy relay (nginx and PHP-FPM): one slot for a command and one for a result, keys in paths only,
 * no commands resource, and `text/html` as the default content type, also of a 204.
 */
export type LegacyRelay = {
  url: string;
  /** `POST /cmd-0123…`, in order; keys are shortened. */
  requests: string[];
  close: () => Promise<void>;
};

export type LegacyRelayOptions = {
  /** How long a poll is held. The original holds it 15 s, which is too long for most tests. */
  pollMs?: number;
  /** Changes an answer, or replaces it by other bytes. `nth` counts the answers to this kind of request, from 0. */
  alter?: (answer: LegacyAnswer, request: string, nth: number) => LegacyAnswer | Buffer;
};

type Slots = { command?: Buffer; result?: Buffer; takenAt?: number; seenAt?: number };

const runner = readFileSync(new URL('../fixtures/legacy-listener.sh', import.meta.url), 'utf8');
const html = 'text/html; charset=UTF-8';

const secondsSince = (point: number | undefined): number | null =>
  point === undefined ? null : Math.floor((performance.now() - point) / 1000);

export async function startLegacyRelay(options: LegacyRelayOptions = {}): Promise<LegacyRelay> {
  const { pollMs = 300, alter = (given: LegacyAnswer) => given } = options;
  const sessions = new Map<string, Slots>();
  const requests: string[] = [];
  const counts = new Map<string, number>();
  const leaving = new AbortController();

  /** Long poll. */
  async function take(find: () => Buffer | undefined, nowait: boolean, isOpen: () => boolean) {
    const deadline = performance.now() + (nowait ? 0 : pollMs);
    while (find() === undefined && performance.now() < deadline && isOpen())
      await pause(10, undefined, { signal: leaving.signal });
    // PHP notices only at its next write that the client has disconnected: the command or result that it took is lost.
    return find();
  }

  const json = (status: number, value: object): LegacyAnswer => ({
    status,
    type: 'application/json',
    body: Buffer.from(JSON.stringify(value, null, 4).replaceAll('/', '\\/')),
  });
  const text = (status: number, body = '', type = html): LegacyAnswer => ({
    status,
    type,
    body: Buffer.from(body),
  });
  const bytes = (body: Buffer | undefined): LegacyAnswer =>
    body ? { status: 200, type: 'application/octet-stream', body } : text(204);

  async function answer(
    action: string,
    key: string,
    slots: Slots,
    body: Buffer,
    poll: [boolean, () => boolean],
  ) {
    switch (action) {
      case 'GET session':
        return json(200, describe(key));
      case 'DELETE session':
        sessions.delete(key);
        return text(204);
      case 'GET session/status':
        return json(200, {
          cmd_queued: slots.command !== undefined,
          result_queued: slots.result !== undefined,
          cmd_in_flight: slots.takenAt !== undefined,
          cmd_in_flight_seconds_ago: secondsSince(slots.takenAt),
          listener_seen_seconds_ago: secondsSince(slots.seenAt),
        });
      case 'POST session/reset': {
        const { command, result, takenAt } = slots;
        for (const name of ['command', 'result', 'takenAt'] as const) delete slots[name];
        const cleared = {
          cmd_queued: command !== undefined,
          result_queued: result !== undefined,
          cmd_was_in_flight: takenAt !== undefined,
        };
        return json(200, { reset: true, cleared });
      }
      case 'POST cmd-':
        if (body.toString().trim() === '') return text(400, 'empty command');
        slots.command = body;
        delete slots.result;
        return text(201, 'queued');
      case 'POST result-':
        slots.result = body;
        delete slots.takenAt;
        return text(201, 'queued');
      case 'GET cmd-': {
        slots.seenAt = performance.now();
        const command = await take(() => slots.command, ...poll);
        delete slots.command;
        if (command) slots.takenAt = performance.now();
        return bytes(command);
      }
      case 'GET result-': {
        const result = await take(() => slots.result, ...poll);
        delete slots.result;
        return bytes(result);
      }
      case 'DELETE cmd-':
        delete slots.command;
        return text(204);
      case 'DELETE result-':
        delete slots.result;
        return text(204);
      default:
        return text(405, '<html><body>405 Not Allowed</body></html>');
    }
  }

  function hand(key: string, query: string): LegacyAnswer {
    const urls = `set -- '${base}/cmd-${key}' '${base}/result-${key}' ${query === 'mode=auto' ? 'auto' : 'supervised'}`;
    return text(200, runner.replace('\nset -u\n', `\nset -u\n${urls}\n`), 'text/x-shellscript');
  }

  async function route(request: IncomingMessage, isOpen: () => boolean): Promise<LegacyAnswer> {
    const { method = '', url = '' } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const [path = '', query = ''] = url.split('?');
    if (method === 'GET' && path === '/api/health') return json(200, { ok: true, service: 'remotify.run' });
    if (method === 'POST' && path === '/api/session') {
      const key = randomBytes(16).toString('hex');
      sessions.set(key, {});
      return json(201, describe(key));
    }
    const [, place, key = '', rest = ''] =
      /^\/(api\/session\/|cmd-|result-|r\/)([0-9a-f]{32})(\/\w+)?$/.exec(path) ?? [];
    if (place === undefined) return text(404, '<html><body>404 Not Found</body></html>');
    const slots = sessions.get(key);
    if (!slots) return text(410, 'gone');
    if (place === 'r/') return hand(key, query);
    const action = `${method} ${place.replace('api/session/', 'session')}${rest}`;
    return answer(action, key, slots, Buffer.concat(chunks), [query === 'nowait=1', isOpen]);
  }

  const server = createServer((request, response) => {
    const { method = '', url = '', socket } = request;
    // A client may send another request on a connection that is closing. No answer can reach it, so do not empty a slot.
    if (!socket.writable) return void socket.destroy();
    const name = `${method} ${url.replaceAll(/([0-9a-f]{4})[0-9a-f]{28}/g, '$1…')}`;
    const kind = name.replace(/[0-9a-f]{4}….*/, '').replace(/\?.*/, '');
    requests.push(name);
    route(request, () => socket.writable)
      .then((given) => {
        const nth = counts.get(kind) ?? 0;
        counts.set(kind, nth + 1);
        const altered = alter(given, name, nth);
        socket.end(Buffer.isBuffer(altered) ? altered : render(altered));
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const base = `http://127.0.0.1:${address.port}`;

  function describe(key: string): object {
    const urls = {
      cmd: `${base}/cmd-${key}`,
      result: `${base}/result-${key}`,
      api: `${base}/api/session/${key}`,
      runner: `${base}/r/${key}`,
    };
    return {
      key,
      ttl_seconds: 10_800,
      urls,
      remote_quickstart: `curl -fsSL '${urls.runner}' | bash`,
      exec: `curl -fsS -X POST --data-raw 'COMMAND' '${urls.cmd}' >/dev/null; until curl -fsS -o /tmp/r-$$ -w '%{http_code}' '${urls.result}' | grep -q 200; do :; done; cat /tmp/r-$$; rm -f /tmp/r-$$`,
    };
  }

  return {
    url: base,
    requests,
    close: () => {
      leaving.abort();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
