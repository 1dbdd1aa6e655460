/** `GET /api/ready`: whether work that is sent here now would be taken. For whoever sends it elsewhere otherwise. */
import { Refusal } from '../../protocol/errors.ts';
import type { Handler } from '../relay-context.ts';

export const readReadiness: Handler = async ({ exchange }, relay) => {
  try {
    if (relay.isDraining()) throw new Refusal('draining', undefined, { 'retry-after': '1' });
    await relay.sessions.store.check();
  } catch (error) {
    // A full disk too: balancers know 503 as the word for "not here, not now".
    if (error instanceof Refusal) return exchange.sendRefusal(error, 503);
    throw error;
  }
  return exchange.sendJson(200, { ready: true });
};
