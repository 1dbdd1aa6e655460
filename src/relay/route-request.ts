/** Checks headers, host, route, origin, method and key of a request, calls its handler, and sends refusals. */
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

/** Far more than the 20 headers of a browser and as many of a chain of proxies. */
const maxHeaders = 1_000;

function checkHeaders({ request }: Exchange): void {
  // rawHeaders has names and values alternately.
  if (request.rawHeaders.length > 2 * maxHeaders) throw new Refusal('too_many_headers');
}

function checkDraining({ route }: RouteMatch, method: string, relay: RelayContext): void {
  if (method === 'POST' && route.begins === true && relay.isDraining()) {
    throw new Refusal('draining', undefined, { 'retry-after': '1' });
  }
}

/** How many headers have this name, in any case: in rawHeaders node keeps the case of names. */
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
  // RFC 9112, 3.2. With two Host headers, a proxy may have used the other one.
  if (given > 1 || (given === 0 && request.httpVersion === '1.1')) throw new Refusal('bad_parameter', 'Host');
  exchange.outer = relay.outerAddresses.read(exchange);
}

/** Browsers send the origin of a request. Any site may link to the page; only the page itself may send requests. */
function checkOrigin(exchange: Exchange, { route }: RouteMatch, relay: RelayContext): void {
  if (route.isPage === true) return;
  const site = exchange.header('sec-fetch-site');
  const origin = exchange.header('origin');
  const isForeignSite = site !== '' && site !== 'same-origin' && site !== 'none';
  const isForeignOrigin = origin !== '' && !relay.outerAddresses.isOwnOrigin(origin, exchange);
  if (isForeignSite || isForeignOrigin) throw new Refusal('foreign_origin');
}

/** Finds the route with or without the path of the public URL in front: a proxy may keep or remove that path. */
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

/**
 * Finds the session of the key, and checks that this key gives access to the route. Throws `gone`, `listener_key` or
 * `session_key`.
 */
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

/** A repeated DELETE is no error, but the code tells the client that the session was already gone. */
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
