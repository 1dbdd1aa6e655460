/** Assembles a relay from its parts; it can listen and shut down. */
import { createAccessLog } from './access-log.ts';
import { type Answered, describeMalformedRequest, WireCounter, watchAnswer } from './answered.ts';
import { createAudit } from './audit.ts';
import { BodyBudget } from './body-budget.ts';
import { Exchange } from './exchange.ts';
import { HttpServer } from './http-server.ts';
import { KnownKeys } from './known-keys.ts';
import { LongPolls } from './long-polls.ts';
import { Metrics } from './metrics.ts';
import { createMetricsServer } from './metrics-server.ts';
import { NextAnswers } from './next-answers.ts';
import { OuterAddresses } from './outer-address.ts';
import { Presence } from './presence.ts';
import { listAllowedHosts } from './public-url.ts';
import type { Relay } from './relay.ts';
import type { RelayContext } from './relay-context.ts';
import type { RelayOptions } from './relay-options.ts';
import { routeRequest } from './route-request.ts';
import { joinSinks } from './session-event.ts';
import { Sessions } from './sessions.ts';
import type { Certificate } from './tls.ts';

/** With a certificate, the relay accepts only TLS. */
export function createRelay(options: RelayOptions, certificate?: Certificate): Relay {
  const counted = new Metrics();
  options.store.observe(counted);
  const keys = new KnownKeys(options.store);
  const sessions = new Sessions(options, joinSinks([createAudit(options), counted, keys]));
  const polls = new LongPolls(sessions, options.heldPolls);
  const bodies = new BodyBudget(options.maxBodyBytes);
  const logAccess = createAccessLog(options);
  const wire = new WireCounter();
  const now = (): number => options.store.clock().now;
  const onAnswered = (answered: Answered): void => {
    logAccess(answered);
    counted.count(answered);
  };
  // On a socket from the service manager, requests may arrive before listen() has found its address.
  let local = certificate === undefined ? 'http://localhost' : 'https://localhost';
  const server = new HttpServer(options, certificate, {
    serve: (request, response, caller) => {
      const exchange = new Exchange(request, response, caller, bodies.openAccount(caller.address));
      watchAnswer(exchange, request.socket, { wire, now, onAnswered });
      void routeRequest(exchange, context);
    },
    refused: (status, socket) => onAnswered(describeMalformedRequest(status, socket, { wire, now })),
  });
  const context: RelayContext = {
    options,
    sessions,
    keys,
    polls,
    presence: new Presence(sessions),
    outerAddresses: new OuterAddresses(options),
    nextAnswers: new NextAnswers(),
    local: () => local,
    isDraining: () => server.isClosing,
  };
  const metrics =
    options.metrics &&
    createMetricsServer({
      ...options.metrics,
      allowedHosts: listAllowedHosts(options),
      render: async () =>
        counted.render({
          sessions: await options.store.count(),
          listeners: context.presence.size,
          heldPolls: polls.size,
        }),
    });
  let metricsUrl: string | undefined;

  return {
    async listen() {
      sessions.open();
      const { name, baseUrl } = await server.listen();
      local = baseUrl;
      metricsUrl = await metrics?.listen();
      return name;
    },
    metricsUrl: () => metricsUrl,
    async close() {
      await server.close(() => polls.drain());
      await metrics?.close();
      await options.store.close();
    },
  };
}
