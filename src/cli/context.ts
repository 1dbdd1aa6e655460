/** What every command works with, built from its options. */
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
  /** As often as it was given; all but `exec` take one. */
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
  /** The one that was opened last. */
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

  /** Throws a ConfigError where there is no home directory. */
  get configDir(): string {
    return chooseConfigDir(this.options.configDir, this.environment);
  }

  get token(): string | undefined {
    return readSecret(this.environment, 'REMOTIFY_TOKEN')?.value;
  }

  get term(): string | undefined {
    return readVariable(this.environment, 'TERM');
  }

  /** Width of stdout; undefined off a terminal, where nothing is cut. */
  get columns(): number | undefined {
    return findColumns(this.io.stdout, this.environment);
  }

  /** Who asks, for the operator's eyes. */
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

  /** The HTTP client is most of what there is to load: it comes last. */
  async http(url: string): Promise<Http> {
    const { openHttp } = await import('../client/undici-http.ts');
    const route = await this.#findRoute(url);
    const http = this.#open.get(url) ?? openHttp(url, route);
    this.#open.set(url, http);
    return http;
  }

  /** Most networks need neither a proxy nor an authority of their own: only where they do, the code for that is loaded. */
  async #findRoute(url: string): Promise<Route | undefined> {
    if (!isNetworkSet(url, this.environment)) return undefined;
    const { openRoute } = await import('./open-route.ts');
    return openRoute(url, this.environment);
  }

  /** The session that is meant, if one is. */
  chosen(session = this.#onlySession()): ChosenSession | undefined {
    return resolveSession({ url: this.options.url, session }, this.environment, () => this.settings());
  }

  /** The flags that say where settings, relay and session are. */
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

  /** A client for a session; asks the relay what it speaks only where that was never stored. */
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

  /** The session that is meant, or a Failure that says how to create one. */
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

  /** Sessions that are stored but not chosen are not passed over in silence. */
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

  /** What went wrong, with the session named where it is the session that is gone. */
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

  /** Lets go of every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((http) => http.close()));
  }
}
