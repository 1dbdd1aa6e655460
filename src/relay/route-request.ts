/** From a request to its handler: host, route, method, key. One catch for all of it. */
import type { IncomingMessage } from 'node:http';
import { Refusal } from '../protocol/errors.ts';
import { header } from '../protocol/headers.ts';
import { isKey, selfKey } from '../protocol/keys.ts';
import { type Access, matchRoute, type Method, type RouteMatch } from '../protocol/routes.ts';
import type { Admitted, Exchange } from './exchange.ts';
import { handlers } from './handlers.ts';
import { serveEndedScript } from './handlers/runner.ts';
import { pathPrefix } from './public-url.ts';
import type { RelayContext } from './relay-context.ts';

/** A browser sends 20, and a chain of proxies as many again. */
const maxHeaders = 1_000;

function checkHeaders({ request }: Exchange): void {
  // Names and values in turn.
  if (request.rawHeaders.length > 2 * maxHeaders) throw new Refusal('too_many_headers');
}

function checkDraining({ route }: RouteMatch, method: string, relay: RelayContext): void {
  if (method === 'POST' && route.begins === true && relay.isDraining()) {
    throw new Refusal('draining', undefined, { 'retry-after': '1' });
  }
}

/** How often a header with this name is there. Node keeps names as they were written. */
function countHeaders({ rawHeaders }: IncomingMessage, name: string): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const given = rawHeaders[at] ?? '';
    if (given.length === name.length && given.toLowerCase() === name) count += 1;
  }
  return count;
}

function checkHost(exchange: Exchange, relay: RelayContext): void {
  const { request } = exchange;
  const given = countHeaders(request, 'host');
  // RFC 9112, 3.2: of two, a proxy may have gone by the other one.
  if (given > 1 || (given === 0 && request.httpVersion === '1.1')) throw new Refusal('bad_parameter', 'Host');
  exchange.outer = relay.outerAddresses.read(exchange);
}

/** A browser says where a request comes from. Links to the page may come from anywhere; requests only from the page itself. */
function checkOrigin(exchange: Exchange, { route }: RouteMatch, relay: RelayContext): void {
  if (route.isPage === true) return;
  const site = exchange.header('sec-fetch-site');
  const origin = exchange.header('origin');
  const isForeignSite = site !== '' && site !== 'same-origin' && site !== 'none';
  const isForeignOrigin = origin !== '' && !relay.outerAddresses.isOwnOrigin(origin, exchange);
  if (isForeignSite || isForeignOrigin) throw new Refusal('foreign_origin');
}

/** A proxy may leave the path of the public URL in front of the relay's own one, or take it off. */
function findRoute(path: string, { options }: RelayContext): RouteMatch | undefined {
  const match = matchRoute(path);
  const prefix = pathPrefix(options);
  if (match || prefix === '' || !path.startsWith(prefix)) return match;
  return matchRoute(path.slice(prefix.length) || '/');
}

function readKey(exchange: Exchange, route: RouteMatch): string {
  if (route.key !== selfKey) return route.key;
  const key = /^Bearer (\w{32})$/i.exec(exchange.header('authorization'))?.[1] ?? '';
  if (!isKey(key)) throw new Refusal('key_missing', undefined, { 'www-authenticate': 'Bearer' });
  return key;
}

/** Which session the key opens, and whether it may do this there. Throws `gone`, `listener_key` or `session_key`. */
async function admit(
  exchange: Exchange,
  route: RouteMatch,
  access: Access,
  relay: RelayContext,
): Promise<Admitted> {
  if (access === 'open') return { exchange, route, key: '', listenerKey: '', name: '' };
  const key = readKey(exchange, route);
  const known = relay.keys.recall(key) ?? (await relay.keys.learn(key));
  if (!known) throw new Refusal('gone');
  const { kind, name, listenerKey } = known;
  if (kind === 'session' && access === 'listener') throw new Refusal('session_key');
  if (kind === 'listener' && access === 'session') throw new Refusal('listener_key');
  return { exchange, route, key, listenerKey, name };
}

function listMethods({ route }: RouteMatch): string {
  const methods = Object.keys(route.methods);
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
}

async function answer(exchange: Exchange, relay: RelayContext): Promise<void> {
  checkHeaders(exchange);
  checkHost(exchange, relay);
  const match = findRoute(exchange.path, relay);
  if (!match) throw new Refusal('not_found');
  exchange.route = match;
  checkOrigin(exchange, match, relay);
  if (exchange.method === 'OPTIONS') return void (await exchange.sendNothing({ allow: listMethods(match) }));
  const method = exchange.method === 'HEAD' ? 'GET' : exchange.method;
  const { methods, isHarmless = false } = match.route;
  const access = Object.hasOwn(methods, method) ? methods[method as Method] : undefined;
  const handler = handlers[match.name][method as Method];
  if (access === undefined || !handler)
    throw new Refusal('method_not_allowed', undefined, { allow: listMethods(match) });
  checkDraining(match, method, relay);
  const admitted = await admit(exchange, match, access, relay);
  exchange.session = admitted.name;
  if (exchange.method === 'HEAD' && !isHarmless)
    return void (await exchange.sendNothing({ allow: listMethods(match) }));
  await handler(admitted, relay);
}

const isGone = (error: unknown): boolean => error instanceof Refusal && error.code === 'gone';

const isSecondEnd = ({ route, method }: Exchange): boolean =>
  route?.name === 'session' && method === 'DELETE';

/** Deleted twice is deleted: no error, though a client may want to know. */
async function sendSecondEnd(exchange: Exchange): Promise<void> {
  exchange.refusal = 'gone';
  await exchange.sendNothing({ [header.error]: 'gone' });
}

/** Answers every request, and never throws. */
export async function routeRequest(exchange: Exchange, relay: RelayContext): Promise<void> {
  try {
    await answer(exchange, relay);
  } catch (error) {
    if (!(error instanceof Refusal) && !exchange.isGone) {
      relay.options.log(`internal error: ${error instanceof Error ? error.name : 'unknown'}`);
    }
    if (exchange.response.headersSent) exchange.response.destroy();
    else if (isGone(error) && exchange.route?.name === 'runner') await serveEndedScript(exchange);
    else if (isGone(error) && isSecondEnd(exchange)) await sendSecondEnd(exchange);
    else await exchange.sendRefusal(error);
  }
}
