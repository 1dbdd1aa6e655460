/** `GET /r/{key}`: the script, with the listener key in it whichever key asked. */
import { header } from '../../protocol/headers.ts';
import { renderRunner } from '../../runner/render-runner.ts';
import { endedScript } from '../../runner/ended-script.ts';
import type { Exchange } from '../exchange.ts';
import type { Handler } from '../relay-context.ts';
import { baseUrlOf } from './sessions.ts';

const scriptType = { 'content-type': 'text/x-shellscript; charset=utf-8' };

export const serveRunner: Handler = async ({ exchange, listenerKey, name }, relay) => {
  await relay.sessions.read(name);
  // Fail closed: whatever is not the one word is supervised.
  const mode = exchange.query.get('mode') === 'auto' ? 'auto' : 'supervised';
  const script = renderRunner({ url: baseUrlOf(exchange, relay), listenerKey, mode });
  await exchange.send(200, scriptType, script);
};

/** For a session that is gone: what reads the answer is a shell, and its operator would see no more than a status of curl's. */
export async function serveEndedScript(exchange: Exchange): Promise<void> {
  exchange.refusal = 'gone';
  await exchange.send(200, { ...scriptType, [header.error]: 'gone' }, endedScript);
}
