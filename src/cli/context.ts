/** The context of a command: settings, session, HTTP clients and printer, built from its options. */
import { createSessionClient, dialectOf, type OpenSession, probeSession } from '../client/open-session.ts';
import type { Http } from '../client/http.ts';
import type { Route } from '../client/undici-http.ts';
import { RelayError } from '../client/relay-error.ts';
import { type Environment, readVariable } from '../config/environment.ts';
import { isNetworkSet } from '../config/network-variables.ts';
import { readSecret } from '../config/read-secret.ts';
import { type ChosenSession, type Given, resolveSession, resolveUrl } from '../config/resolve-session.ts';
import type { Settings } from '../config/settings.ts';
import { chooseConfigDir, readSettings } from '../config/settings-file.ts';
import type { Io } from '../terminal/io.ts';
import { Printer } from '../terminal/printer.ts';
import { findColumns } from '../terminal/columns.ts';
import { describeClient } from './describe-client.ts';
import { exitCodes } from './exit-codes.ts';
import { Failure } from './failure.ts';
import { maskKey } from '../text/mask-keys.ts';

/** Options that every command takes. */
export interface CommonOptions {
  url?: string;
  /** One entry per `-s`; only `exec` accepts several. */
  session?: string[];
  json?: boolean;
  quiet?: boolean;
  color?: boolean;
  configDir?: string;
}

export interface Surroundings {
  io: Io;
  environment: Environment;
  version: string;
}

export type { OpenSession } from '../client/open-session.ts';

export function labelOf(session: { name?: string; key: string }): string {
  return session.name ?? maskKey(session.key);
}

export class Context {
  readonly io: Io;
  readonly environment: Environment;
  readonly version: string;
  readonly options: CommonOptions;
  readonly printer: Printer;
  readonly #open = new Map<string, Http>();
  /** The session that was opened last: `explain` names it. */
  #session: ChosenSession | undefined;

  constructor({ io, environment, version }: Surroundings, options: CommonOptions) {
    this.io = io;
    this.environment = environment;
    this.version = version;
    this.options = options;
    this.printer = new Printer(io, {
      quiet: options.quiet === true,
      noColor: options.color === false,
      variables: environment,
    });
  }

  get json(): boolean {
    return this.options.json === true;
  }

  /** Throws a ConfigError if there is no home directory. */
  get configDir(): string {
    return chooseConfigDir(this.options.configDir, this.environment);
  }

  get token(): string | undefined {
    return readSecret(this.environment, 'REMOTIFY_TOKEN')?.value;
  }

  get term(): string | undefined {
    return readVariable(this.environment, 'TERM');
  }

  /** Width of stdout; undefined off a terminal, where lines are not truncated. */
  get columns(): number | undefined {
    return findColumns(this.io.stdout, this.environment);
  }

  /** How this client identifies itself to the operator. */
  describeClient(): string {
    return describeClient(this.version);
  }

  settings(): Settings {
    return readSettings(this.configDir);
  }

  /** Where new sessions are created. */
  url(): string {
    return resolveUrl({ url: this.options.url }, this.environment, () => this.settings());
  }

  /** Imports the HTTP client on first use: it is most of the code that a command loads. */
  async http(url: string): Promise<Http> {
    const { openHttp } = await import('../client/undici-http.ts');
    const route = await this.#findRoute(url);
    const http = this.#open.get(url) ?? openHttp(url, route);
    this.#open.set(url, http);
    return http;
  }

  /** Loads the code for proxies and certificate authorities only if one is configured: most networks need neither. */
  async #findRoute(url: string): Promise<Route | undefined> {
    if (!isNetworkSet(url, this.environment)) return undefined;
    const { openRoute } = await import('./open-route.ts');
    return openRoute(url, this.environment);
  }

  /** The session that the options, the environment or the settings name, if any. */
  chosen(session = this.#onlySession()): ChosenSession | undefined {
    return resolveSession({ url: this.options.url, session }, this.environment, () => this.settings());
  }

  /** The flags that choose the settings, the relay and the session. */
  given(): Given & { configDir: string | undefined } {
    const { url, configDir } = this.options;
    return { url, configDir, session: this.#onlySession() };
  }

  #onlySession(): string | undefined {
    const { session = [] } = this.options;
    if (session.length > 1) {
      throw new Failure('only exec takes several sessions', 'give one -s', exitCodes.usage);
    }
    return session[0];
  }

  /** Opens a client for a session. Asks the relay for its features only if they are not stored. */
  async openSession(chosen: ChosenSession): Promise<OpenSession> {
    const http = await this.http(chosen.url);
    this.#session = chosen;
    const { key, features, quickstart } = chosen;
    const label = labelOf(chosen);
    if (features !== undefined) {
      const dialect = dialectOf(features);
      const client = createSessionClient(http, key, dialect);
      return { label, quickstart: quickstart ?? '', url: chosen.url, dialect, client };
    }
    const payload = await probeSession(http, key);
    const dialect = dialectOf(payload.features);
    const client = createSessionClient(http, key, dialect);
    return { label, quickstart: payload.remote_quickstart, url: chosen.url, dialect, client };
  }

  /** Opens the chosen session, or throws a Failure with the command that creates one. */
  async requireSession(given?: string): Promise<OpenSession> {
    const chosen = this.chosen(given);
    if (chosen) return this.openSession(chosen);
    this.checkNoneStored();
    throw new Failure(
      'no session yet',
      'create one: `remotify new --url URL`',
      exitCodes.trouble,
      'no_session',
    );
  }

  /** Throws a Failure if sessions are stored but none is current: the user has to choose one. */
  checkNoneStored(): void {
    const [name] = Object.keys(this.settings().sessions);
    if (name !== undefined)
      throw new Failure(
        'no current session',
        `choose one: \`remotify use ${name}\``,
        exitCodes.trouble,
        'no_session',
      );
  }

  /** Replaces the error for a session that is gone with one that names the session. */
  explain(error: unknown): unknown {
    if (!(error instanceof RelayError) || error.code !== 'gone' || !this.#session) return error;
    const { name, url } = this.#session;
    const again = `remotify new${name === undefined ? '' : ` --name ${name}`} --url ${url}`;
    return new Failure(
      `session ${labelOf(this.#session)} is gone from ${url}`,
      `create a new one: \`${again}\`, and paste its line on the remote`,
      exitCodes.trouble,
      'gone',
    );
  }

  /** Closes every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((http) => http.close()));
  }
}
