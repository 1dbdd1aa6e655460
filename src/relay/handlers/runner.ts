/** `GET /r/{key}`: the runner script. It contains the listener key, even if the request used the session key. */
import { header } from '../../protocol/headers.ts';
import { renderRunner } from '../../runner/render-runner.ts';
import { endedScript } from '../../runner/ended-script.ts';
import type { Exchange } from '../exchange.ts';
import type { Handler } from '../relay-context.ts';
import { baseUrlOf } from './sessions.ts';

const scriptType = { 'content-type': 'text/x-shellscript; charset=utf-8' };

export const serveRunner: Handler = async ({ exchange, listenerKey, name }, relay) => {
  await relay.sessions.read(name);
  // Fail closed: any value other than `auto` means supervised.
  const mode = exchange.query.get('mode') === 'auto' ? 'auto' : 'supervised';
  const script = renderRunner({ url: baseUrlOf(exchange, relay), listenerKey, mode });
  await exchange.send(200, scriptType, script);
};

/**
 * For a session that is gone. A shell reads the response: with an error status the operator would see only an error of
 * curl.
 */
export async function serveEndedScript(exchange: Exchange): Promise<void> {
  exchange.refusal = 'gone';
  await exchange.send(200, { ...scriptType, [header.error]: 'gone' }, endedScript);
}
