/** `GET /r/{key}`: the script, with the listener key in it whichever key asked. */
import { renderRunner } from '../../runner/render-runner.ts';
import type { Handler } from '../relay-context.ts';
import { baseUrlOf } from './sessions.ts';

export const serveRunner: Handler = async ({ exchange, listenerKey, name }, relay) => {
  await relay.sessions.read(name);
  // Fail closed: whatever is not the one word is supervised.
  const mode = exchange.query.get('mode') === 'auto' ? 'auto' : 'supervised';
  const script = renderRunner({ url: baseUrlOf(exchange, relay), listenerKey, mode });
  await exchange.send(200, { 'content-type': 'text/x-shellscript; charset=utf-8' }, script);
};
