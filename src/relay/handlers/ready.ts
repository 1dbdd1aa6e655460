/** `GET /api/ready`: whether the relay would accept a request now. For load balancers. */
import { Refusal } from '../../protocol/errors.ts';
import type { Handler } from '../relay-context.ts';

export const readReadiness: Handler = async ({ exchange }, relay) => {
  try {
    if (relay.isDraining()) throw new Refusal('draining', undefined, { 'retry-after': '1' });
    await relay.sessions.store.check();
  } catch (error) {
    // For a full disk too: to a load balancer, 503 means "use another server for now".
    if (error instanceof Refusal) return exchange.sendRefusal(error, 503);
    throw error;
  }
  return exchange.sendJson(200, { ready: true });
};
