/** `remotify serve`: runs a relay until a signal ends it. */
import type { Command } from 'commander';
import { resolveServe, type ServeFlags, type ServeSettings } from '../../config/resolve-serve.ts';
import { forgetActivation } from '../../config/socket-activation.ts';
import { quoteForShell } from '../../protocol/quote-for-shell.ts';
import type { Relay } from '../../relay/relay.ts';
import type { Run } from '../command-module.ts';
import type { CommonOptions, Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { explainListen } from '../explain-listen.ts';
import { Failure } from '../failure.ts';
import { addHelp } from '../help-format.ts';
import { onInterrupt } from '../interrupts.ts';
import { collect, mergeOptions } from '../options.ts';
import { openServeLog, type ServeLog } from '../serve-log.ts';

export function describe(command: Command): void {
  command
    .option('--host <address>', 'address to listen on (REMOTIFY_HOST; default 127.0.0.1)')
    .option('--port <number>', 'port, 0 picks a free one (REMOTIFY_PORT; default 8080)')
    .option(
      '--listen <address>',
      'unix:PATH, or address and port; replaces --host and --port (REMOTIFY_LISTEN; default a socket from systemd, if any)',
    )
    .option('--socket-mode <mode>', 'permissions of the unix socket (REMOTIFY_SOCKET_MODE; default 0660)')
    .option(
      '--public-url <url>',
      'address in the lines to paste (REMOTIFY_PUBLIC_URL; DOMAIN, SCHEME, PUBLIC_PORT)',
    )
    .option(
      '--store <url>',
      'file:DIR, memory: or redis://HOST (REMOTIFY_STORE, or REMOTIFY_STORE_FILE; default a folder of the user)',
    )
    .option(
      '--durability <what>',
      'durability of acknowledged data: process (crash), replica (Redis) or power (loss) (REMOTIFY_DURABILITY; default process)',
    )
    .option('--token <token>', 'required to create a session (better: REMOTIFY_SERVE_TOKEN)')
    .option('--token-file <file>', 'file that contains the token (REMOTIFY_SERVE_TOKEN_FILE)')
    .option(
      '--allowed-host <name>',
      'host name to answer for, besides addresses and localhost (repeatable; REMOTIFY_ALLOWED_HOST)',
      collect,
    )
    .option(
      '--trust-proxy <proxies>',
      'proxies whose X-Forwarded-For, -Proto and -Host to trust: a count, or networks (REMOTIFY_TRUST_PROXY; 0)',
    )
    .option(
      '--tls-cert <file>',
      'serve https with this certificate chain, re-read when it changes (REMOTIFY_TLS_CERT)',
    )
    .option('--tls-key <file>', 'private key of --tls-cert (REMOTIFY_TLS_KEY)')
    .option('--rate-limit <rate>', 'new sessions per address, off for no limit (RATE_LIMIT; default 10r/m)')
    .option('--rate-limit-burst <count>', 'burst size (RATE_LIMIT_BURST; default 5)')
    .option('--max-body-size <size>', 'max size of a request body (MAX_BODY_SIZE; default 25m)')
    .option('--session-ttl <duration>', 'lifetime of an unused session (SESSION_TTL; default 3h)')
    .option('--long-poll <duration>', 'how long a long poll is held (LONGPOLL_MS; default 15s)')
    .option(
      '--max-held-polls <count>',
      'max concurrent long polls; the oldest is dropped (REMOTIFY_MAX_HELD_POLLS; 32768)',
    )
    .option(
      '--max-held-polls-per-address <count>',
      'the same per address (REMOTIFY_MAX_HELD_POLLS_PER_ADDRESS; 4096)',
    )
    .option(
      '--max-held-polls-per-session <count>',
      'the same per session (REMOTIFY_MAX_HELD_POLLS_PER_SESSION; 128)',
    )
    .option(
      '--max-sessions-per-address <count>',
      'max sessions of one address (REMOTIFY_MAX_SESSIONS_PER_ADDRESS; 2048)',
    )
    .option(
      '--session-quota <size>',
      'max stored size of a session (REMOTIFY_SESSION_QUOTA; 4g, in memory 256m)',
    )
    .option(
      '--address-quota <size>',
      'the same for all sessions of one address (REMOTIFY_ADDRESS_QUOTA; 16g, in memory 1g)',
    )
    .option(
      '--audit-log [level]',
      'write an audit log to stderr; level text: also the text of commands (AUDIT_LOG=1 or text)',
    )
    .option('--log <form>', 'write an access log to stderr, as text or json (REMOTIFY_LOG)')
    .option('--metrics <address>', 'port, or address and port, for Prometheus (REMOTIFY_METRICS)');
  addHelp(command, {
    examples: [
      'remotify serve',
      'remotify serve --port 0 --store memory: --json',
      'remotify serve --listen unix:/run/remotify.sock --public-url https://relay.example',
    ],
  });
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
        exitCodes.trouble,
        'cannot_serve',
      );
    }
    if (!(error instanceof StoreUnusable)) throw error;
    if (error.isTaken) {
      throw new Failure(
        error.message,
        'use that relay, or give this one another store: --store file:DIR or --store memory:',
        exitCodes.trouble,
        'cannot_serve',
      );
    }
    throw new Failure(
      `cannot open ${settings.shownStore}: ${error.message}`,
      'check --store: file:DIR, memory: or redis://HOST',
      exitCodes.trouble,
      'cannot_serve',
    );
  }
}

function nextStep({ publicUrl }: ServeSettings, place: string): string {
  if (publicUrl === undefined && place.startsWith('unix:')) {
    const path = place.slice('unix:'.length);
    return `configure a proxy to forward requests to it and set --public-url to the proxy's address; or try: curl --unix-socket ${quoteForShell(path)} http://localhost/api/health`;
  }
  if (publicUrl === undefined && place.startsWith('fd:')) return 'set --public-url';
  return `remotify new --url ${publicUrl ?? place}`;
}

async function serve(context: Context, settings: ServeSettings, log: ServeLog): Promise<number> {
  const relay = await startRelay(context, settings, log);
  // From here on a signal shuts the relay down gracefully, even before the port is open.
  const stopped = new Promise<void>((resolve) => onInterrupt(() => resolve()));
  let place: string;
  try {
    place = await relay.listen();
  } catch (error) {
    await relay.close().catch(() => undefined);
    throw explainListen(error, settings);
  }
  const metrics = relay.metricsUrl();
  if (context.json) await context.printer.printJson({ url: place, metrics }, 0);
  const isKept = settings.storeUrl !== 'memory:' && settings.storeUrl !== 'memory';
  log.say(
    `listening on ${place}, ${isKept ? `sessions are in ${settings.shownStore}` : 'sessions are not stored'}`,
  );
  if (metrics !== undefined) log.say(`metrics on ${metrics}`);
  log.say(`next: ${nextStep(settings, place)}`);
  await stopped;
  log.say('shutting down');
  await relay.close();
  return exitCodes.ok;
}

export const run: Run = async (context, command) => {
  const options = mergeOptions<CommonOptions & ServeFlags>(command);
  const settings = resolveServe(options, context.environment);
  forgetActivation();
  const log = await openServeLog(context, settings.accessLog);
  for (const note of settings.notes) log.say(note);
  try {
    return await serve(context, settings, log);
  } catch (error) {
    if (error instanceof Failure) error.isShown = log.fail(error);
    throw error;
  } finally {
    await log.end();
  }
};
