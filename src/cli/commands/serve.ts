/** `remotify serve` */
import type { Command } from 'commander';
import { resolveServe, type ServeFlags, type ServeSettings } from '../../config/resolve-serve.ts';
import type { Relay } from '../../relay/create-relay.ts';
import { write } from '../../terminal/io.ts';
import type { Run } from '../command-module.ts';
import type { CommonOptions, Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { onInterrupt } from '../interrupts.ts';
import { collect, mergeOptions } from '../options.ts';
import { openServeLog, type ServeLog } from '../serve-log.ts';

export function describe(command: Command): void {
  command
    .option('--host <address>', 'address to listen on (REMOTIFY_HOST; default 127.0.0.1)')
    .option('--port <number>', 'port, 0 picks a free one (REMOTIFY_PORT; default 8080)')
    .option(
      '--public-url <url>',
      'address in the lines that it hands out (REMOTIFY_PUBLIC_URL; DOMAIN, SCHEME, PUBLIC_PORT)',
    )
    .option('--store <url>', 'file:DIR or memory: (REMOTIFY_STORE; default a folder of the user)')
    .option(
      '--durability <what>',
      'what an acknowledgement outlives: process or power (REMOTIFY_DURABILITY; default process)',
    )
    .option('--token <token>', 'asked of whoever makes a session (better: REMOTIFY_SERVE_TOKEN)')
    .option(
      '--allowed-host <name>',
      'host name to answer for, beside addresses and localhost (repeatable; REMOTIFY_ALLOWED_HOST)',
      collect,
    )
    .option(
      '--trust-proxy <proxies>',
      'whose X-Forwarded-For to believe: how many, or networks (REMOTIFY_TRUST_PROXY; default 0)',
    )
    .option('--tls-cert <file>', 'serve https with this chain, re-read when it changes (REMOTIFY_TLS_CERT)')
    .option('--tls-key <file>', 'its private key (REMOTIFY_TLS_KEY)')
    .option('--rate-limit <rate>', 'new sessions per address, off for no limit (RATE_LIMIT; default 10r/m)')
    .option('--rate-limit-burst <count>', 'how many more may come at once (RATE_LIMIT_BURST; default 5)')
    .option('--max-body-size <size>', 'of one request (MAX_BODY_SIZE; default 25m)')
    .option('--session-ttl <duration>', 'how long a session lasts that nobody uses (SESSION_TTL; default 3h)')
    .option('--long-poll <duration>', 'how long a poll is held (LONGPOLL_MS; default 15s)')
    .option('--max-held-polls <count>', 'held at once, the oldest gives way (REMOTIFY_MAX_HELD_POLLS; 32768)')
    .option('--max-held-polls-per-address <count>', '(REMOTIFY_MAX_HELD_POLLS_PER_ADDRESS; 4096)')
    .option('--max-held-polls-per-session <count>', '(REMOTIFY_MAX_HELD_POLLS_PER_SESSION; 128)')
    .option('--max-sessions-per-address <count>', 'alive at once (REMOTIFY_MAX_SESSIONS_PER_ADDRESS; 2048)')
    .option('--session-quota <size>', 'what a session may store (REMOTIFY_SESSION_QUOTA; default 4g)')
    .option('--address-quota <size>', 'the same of all sessions of an address (REMOTIFY_ADDRESS_QUOTA; 16g)')
    .option(
      '--audit-log [level]',
      'say on stderr who did what when; level text: also what was run (AUDIT_LOG=1 or text)',
    )
    .option('--log <form>', 'say each request on stderr, as text or json (REMOTIFY_LOG)')
    .option('--metrics <address>', 'port, or address and port, for Prometheus (REMOTIFY_METRICS)')
    .addHelpText(
      'after',
      `
Examples:
  $ remotify serve
  $ remotify serve --port 0 --store memory: --json
  $ remotify serve --host 0.0.0.0 --public-url https://relay.example`,
    );
}

function explainListen(error: unknown, { host, port, metrics }: ServeSettings): Failure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const isMetrics = error instanceof Error && error.name === 'MetricsPortUnusable' && metrics !== undefined;
  const [place, flag] = isMetrics ? [metrics, '--metrics'] : [{ host, port }, '--port'];
  const what = isMetrics ? 'port for metrics' : 'port';
  if (code === 'EADDRINUSE') {
    const hint = `choose another with ${flag}; 0 picks a free one`;
    return new Failure(`${what} ${place.port} on ${place.host} is taken`, hint);
  }
  if (code === 'EACCES') {
    const hint = isMetrics ? 'choose one above 1023' : 'choose one above 1023 and put a proxy before it';
    return new Failure(`${what} ${place.port} needs privileges`, hint);
  }
  return new Failure(
    `cannot listen on ${place.host}:${place.port} (${code})`,
    isMetrics ? 'check --metrics' : 'check --host and --port',
  );
}

async function startRelay(context: Context, settings: ServeSettings, log: ServeLog): Promise<Relay> {
  const { openRelay, StoreUnusable, TlsUnusable } = await import('../../relay/open-relay.ts');
  try {
    const { version } = context;
    return await openRelay({ ...settings, version, log: log.say, record: log.record });
  } catch (error) {
    if (error instanceof TlsUnusable) {
      throw new Failure(
        `cannot serve https: ${error.message}`,
        'check --tls-cert and --tls-key: a chain and its private key, in PEM form',
      );
    }
    if (!(error instanceof StoreUnusable)) throw error;
    if (error.isTaken) {
      throw new Failure(
        error.message,
        'use that one, or give this one a place of its own: --store file:DIR or memory:',
      );
    }
    throw new Failure(
      `cannot open ${settings.storeUrl}: ${error.message}`,
      'check --store: file:DIR or memory:',
    );
  }
}

async function serve(context: Context, settings: ServeSettings, log: ServeLog): Promise<number> {
  const relay = await startRelay(context, settings, log);
  // From here on a signal means to drain, also one that comes before the port is open.
  const stopped = new Promise<void>((resolve) => onInterrupt(() => resolve()));
  let url: string;
  try {
    url = await relay.listen();
  } catch (error) {
    await relay.close().catch(() => undefined);
    throw explainListen(error, settings);
  }
  const metrics = relay.metricsUrl();
  if (context.json) await write(context.io.stdout, `${JSON.stringify({ url, metrics })}\n`);
  log.say(
    `listening on ${url}, ${settings.storeUrl === 'memory:' ? 'keeping nothing' : `sessions are in ${settings.storeUrl}`}`,
  );
  if (metrics !== undefined) log.say(`metrics on ${metrics}`);
  log.say(`next: remotify new --url ${settings.publicUrl ?? url}`);
  await stopped;
  log.say('draining');
  await relay.close();
  return exitCodes.ok;
}

export const run: Run = async (context, command) => {
  const options = mergeOptions<CommonOptions & ServeFlags>(command);
  const settings = resolveServe(options, context.environment);
  const log = await openServeLog(context, settings.accessLog);
  try {
    return await serve(context, settings, log);
  } catch (error) {
    if (error instanceof Failure && log.fail(error)) return error.exitCode;
    throw error;
  } finally {
    await log.end();
  }
};
