/** Creates many sessions, or many commands of one session, through the API with few requests at once. */
import { Pool } from 'undici';
import type { Keys } from './session-driver.ts';

/** Parallel requests: fewer than the limit of queued commands. */
const hands = 16;

async function repeat(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const help = async (): Promise<void> => {
    while (next < count) await work((next += 1));
  };
  await Promise.all(Array.from({ length: hands }, help));
}

export async function addSessions({ url }: { url: string }, count: number): Promise<void> {
  const pool = new Pool(url, { connections: hands });
  await repeat(count, async () => {
    const { statusCode, body } = await pool.request({ method: 'POST', path: '/api/session' });
    await body.dump();
    if (statusCode !== 201) throw new Error(`session not created: ${statusCode}`);
  });
  await pool.close();
}

/** Pushes and cancels commands. Their Idempotency-Keys are numbered after `from`, so that they differ from earlier ones. */
export async function addCommands(
  { url }: { url: string },
  { key }: Keys,
  from: number,
  count: number,
): Promise<void> {
  const pool = new Pool(url, { connections: hands });
  const authorization = `Bearer ${key}`;
  await repeat(count, async (index) => {
    const pushed = await pool.request({
      method: 'POST',
      path: '/api/session/self/commands',
      headers: { authorization, 'idempotency-key': `fill-${from + index}` },
      body: 'true',
    });
    const { id } = (await pushed.body.json()) as { id: string };
    const path = `/api/session/self/commands/${id}`;
    const { statusCode, body } = await pool.request({ method: 'DELETE', path, headers: { authorization } });
    await body.dump();
    if (statusCode !== 200) throw new Error(`command not cancelled: ${statusCode}`);
  });
  await pool.close();
}
