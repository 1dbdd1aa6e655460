/** `GET /api/health`: whether the process answers. */
import { serviceName } from '../../protocol/health.ts';
import type { Handler } from '../relay-context.ts';

export const readHealth: Handler = ({ exchange }) =>
  exchange.sendJson(200, { ok: true, service: serviceName });
