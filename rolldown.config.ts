import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transform as transformCss } from 'lightningcss';
import { defineConfig, type Plugin, rolldown } from 'rolldown';
import license from 'rollup-plugin-license';
import { minify } from 'terser';
import { runnerSource, valuesMark } from './src/runner/runner-source.ts';

const root = import.meta.dirname;

const staticImport = /^(?:import|export) (?!type )([^;]*?)from '(\.[^']+)'/gm;

const neededByExec = listImports(
  'src/main.ts',
  'src/cli/run.ts',
  'src/cli/context.ts',
  'src/cli/commands/exec.ts',
);

/** Modules that are only needed when a connection fails, a proxy is set, or a key is derived. */
const isLate = (id: string): boolean =>
  /\/(?:run-through-slots|undici-http|compile-parser|explain-connection|tls-words|find-proxy|exempt-host|own-line|mcp-host|resolve-(?:serve|limits|listen|store)|parse-(?:networks|listen|serve-values)|socket-activation|unread-variables|read-secret|mask-store-url)\.ts$/.test(
    id,
  );

/** Lists these modules and all modules that they import statically, except type imports. */
function listImports(...entries: string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const open = entries.map((path) => join(root, path));
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    for (const [, names = '', specifier = ''] of readFileSync(path, 'utf8').matchAll(staticImport)) {
      const isTypes = /^\{(?:\s*type \w+,?)+\s*\}$/.test(names.trim());
      if (!isTypes) open.push(join(dirname(path), specifier));
    }
  }
  return found;
}

export default defineConfig({
  input: { main: 'src/main.ts', library: 'src/library/library.ts' },
  platform: 'node',
  transform: { target: 'node20' },
  // The modules that also import these statically are in chunks of their own, each loaded only by its command.
  // The time of plugins: the page takes most of it.
  checks: { ineffectiveDynamicImport: false, pluginTimings: false },
  plugins: [
    // The code reads these files by `new URL(..., import.meta.url)`. All chunks are directly in dist/.
    copyAssets({ 'agents.md': 'src/cli/commands/agents.md', 'landing/icon.svg': 'src/page/icon.svg' }),
    emitPage(),
    joinRunner(),
    inlineVersion(),
    emitLibraryModule(),
    loadChildProcessLate(),
    trimUndici(),
    readHrtime(),
    leaveOutSchemaCompiler(),
    leaveOutUnusedModules(),
    leaveOutTlsProfiles(),
    leaveOutUnusedSchemas(),
    leaveOutUnusedRuntime(),
    license({
      thirdParty: {
        output: join(root, 'THIRD_PARTY_LICENSES.txt'),
        allow: {
          test: '(MIT OR ISC OR BSD-2-Clause OR BSD-3-Clause OR Apache-2.0 OR 0BSD)',
          failOnUnlicensed: true,
          failOnViolation: true,
        },
      },
    }),
  ],
  output: {
    dir: 'dist',
    cleanDir: true,
    // CommonJS chunks, one per import(): Node 20 starts them fastest.
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    minify: true,
    comments: false,
    // One character beyond Latin-1 doubles the size of a file in memory.
    charset: 'ascii',
    // The modules that `exec` needs are one file, as each further file adds a third of a millisecond to the start. Modules that several
    // other commands need are a second file. Modules that load node:crypto cost two milliseconds and are in neither.
    codeSplitting: {
      groups: [
        { name: 'shared', test: (id) => neededByExec.has(id), minShareCount: 2 },
        {
          name: 'more',
          test: (id) =>
            /\/src\/(?:config|terminal|text|cli|client)\//.test(id) && !neededByExec.has(id) && !isLate(id),
          minShareCount: 2,
        },
        // One file, although the code for proxies needs only parts of it. It excludes SOCKS, which few users need.
        {
          name: 'http',
          test: /\/undici\/lib\/(?!core\/socks5)|\/src\/client\/(?:undici-http|compile-parser)\.ts$/,
        },
      ],
    },
  },
});

/** Emits files unchanged: name in dist/ → path from the project's root. */
function copyAssets(assets: Record<string, string>): Plugin {
  return {
    name: 'copy-assets',
    buildStart() {
      for (const [fileName, path] of Object.entries(assets)) {
        this.emitFile({ type: 'asset', fileName, source: readFileSync(join(root, path)) });
      }
    },
  };
}

/** Emits an ES module for `import … from 'remotify'` that re-exports library.cjs, so that named imports and types work as in any ES module. */
function emitLibraryModule(): Plugin {
  return {
    name: 'emit-library-module',
    generateBundle(_options, bundle) {
      const library = Object.values(bundle).find((file) => file.type === 'chunk' && file.name === 'library');
      if (library?.type !== 'chunk') return this.error('the library is not in the bundle');
      const source = `export { ${library.exports.join(', ')} } from './library.cjs';\n`;
      this.emitFile({ type: 'asset', fileName: 'library.js', source });
    },
  };
}

/** Gives each module that reads the version a constant of its own: one that they share would be a file that every start loads. */
function inlineVersion(): Plugin {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return {
    name: 'inline-version',
    resolveId: {
      filter: { id: /^(?:\.\.\/)+package\.json$/ },
      handler: (_id, importer) =>
        importer?.startsWith(join(root, 'src')) ? `\0version:${importer}` : undefined,
    },
    load: { filter: { id: /^\0version:/ }, handler: () => `export default ${JSON.stringify({ version })};` },
  };
}

/** Emits the runner as one file, and replaces the module that joins its parts with one that reads that file. */
function joinRunner(): Plugin {
  return {
    name: 'join-runner',
    buildStart() {
      this.emitFile({ type: 'asset', fileName: 'runner.sh', source: runnerSource });
    },
    load: {
      filter: { id: /\/src\/runner\/runner-source\.ts$/ },
      handler: () => `import { readFileSync } from 'node:fs';
export const valuesMark = ${JSON.stringify(valuesMark)};
export const runnerSource = readFileSync(new URL('./runner.sh', import.meta.url), 'utf8');`,
    },
  };
}

/** Elements where whitespace before and after the tags has no effect. */
const block =
  'body|details|div|figcaption|figure|form|h\\d|head|header|li|link|main|meta|nav|ol|p|script|section|title';

/** Removes comments, indentation, quotes around single words, and end tags that HTML makes optional (13.1.2.4); <pre> stays unchanged. */
function squeezeHtml(text: string): string {
  const parts = text.replaceAll(/<!--[^]*?-->/g, '').split(/(<pre>[^]*?<\/pre>)/);
  const squeeze = (part: string): string =>
    part
      .replaceAll(/\s*\n\s*/g, '\n')
      .replaceAll(/="([\w-]+)"/g, '=$1')
      .replaceAll(new RegExp(`\\n(?=</?(?:${block})\\b)`, 'g'), '')
      .replaceAll(new RegExp(`(</?(?:${block})\\b[^>]*>)\\n`, 'g'), '$1')
      .replaceAll(
        /<\/(?:p|li)>(?=<(?:p|li|ol|div|section|h\d|details)\b|<\/(?:div|section|li|ol|details)>)/g,
        '',
      );
  return parts.map((part, at) => (at % 2 === 1 ? part : squeeze(part))).join('');
}

/**
 * Names of members in src/page and src/client that the minifier shortens. None of them is sent over the wire, and none is a member of a
 * browser object that the page uses: `view` is not in the list because `dataset` has it.
 */
const ownNames = (
  'baseUrl beyondBytes cancelCommand client closeQuestion complete createSession durationMs element excerpt exitStatus follow ' +
  'history idempotencyKey isComplete isContinued isCut isErased isInverse isKnown isOn isOpen isOwn isQuiet isRead ' +
  'isRedrawn isRetryable isReturned isReusable isSending isSpelled isTold isTooLarge isWanted isWhole keptBytes listAnyCommands listCommands ' +
  'markDisconnected marks maxPieceBytes notifier number offerOutput onChange onClose onGone onRecovery onRetry onSent onSkip onState ' +
  'onStderr onStdout retry retryForMs payload pieces pushCommand queueSeconds readCommand readEnded readOutput ' +
  'readSession readStatus sendStdin setName showAway showCopied showEnd showTrouble skipTo startedAt takeGone timeoutMs ' +
  'timeoutSeconds toEnd transcript untilOpen update waitSeconds'
).split(' ');

/** The page has a size limit, and terser's output is smaller than the bundler's. */
async function minifyScript(code: string): Promise<string> {
  const compress = { passes: 3, ecma: 2020, unsafe_arrows: true } as const;
  const properties = {
    regex: new RegExp(`^(?:${ownNames.join('|')})$`),
    keep_quoted: 'strict',
    builtins: true,
  } as const;
  return (await minify(code, { module: true, compress, mangle: { properties } })).code ?? code;
}

/** Emits the files of the page: markup, one style sheet, one script. The relay reads them from its own folder. */
function emitPage(): Plugin {
  const read = (name: string): string => readFileSync(join(root, 'src/page', name), 'utf8');
  const minifyCss = (text: string): Uint8Array =>
    transformCss({ filename: 'landing.css', code: Buffer.from(text), minify: true }).code;
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const sheets = ['base', 'start', 'workspace', 'transcript'];
  return {
    name: 'emit-page',
    load: {
      filter: { id: /\/src\/relay\/page-folder\.ts$/ },
      handler: () => "export const pageFolder = new URL('./landing/', import.meta.url);",
    },
    async buildStart() {
      const bundle = await rolldown({ input: join(root, 'src/page/main.ts'), platform: 'browser' });
      const { output } = await bundle.generate({ format: 'esm', comments: false, minify: true });
      await bundle.close();
      const files = {
        'index.html': squeezeHtml(read('index.html')).replace('%VERSION%', version),
        'landing.css': minifyCss(sheets.map((name) => read(`${name}.css`)).join('')),
        'landing.js': await minifyScript(output[0].code),
      };
      for (const [name, source] of Object.entries(files))
        this.emitFile({ type: 'asset', fileName: `landing/${name}`, source });
    },
  };
}

/** commander loads node:child_process for executable subcommands, which remotify does not have: 2 ms of every start. */
function loadChildProcessLate(): Plugin {
  const eager = "const childProcess = require('node:child_process');";
  return {
    name: 'load-child-process-late',
    transform: {
      filter: { id: /commander\/lib\/command\.js$/ },
      handler(code) {
        if (!code.includes(eager)) {
          this.error('commander no longer loads child_process this way: adapt or drop this plugin');
        }
        return {
          code: code.replace(eager, '').replaceAll('childProcess.', "require('node:child_process')."),
          map: null,
        };
      },
    },
  };
}

/** Replaces `performance` in the clients' clock, because Node loads it at its first use: 1 to 3 ms. */
function readHrtime(): Plugin {
  return {
    name: 'read-hrtime',
    load: {
      filter: { id: /\/src\/client\/monotonic\.ts$/ },
      handler: () => `export const monotonicMs = () => {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
};`,
    },
  };
}

/**
 * Removes the parts of undici for HTTP/2, forms, fetch and debugging: the client only sends bytes over HTTP/1.1. Without them Node loads
 * neither its own HTTP modules nor, for a plain URL, crypto and TLS. The parser is read from a file instead of decoded from base64.
 */
function trimUndici(): Plugin {
  /** Removed modules: path in undici → the replacement export. */
  const stubs: Record<string, string> = {
    'dispatcher/client-h2.js': "() => { throw new Error('HTTP/2 was never offered'); }",
    'web/fetch/body.js': '{}',
    'core/diagnostics.js': '{ channels: new Proxy({}, { get: () => ({ hasSubscribers: false }) }) }',
  };
  /** Path in undici → the text to replace, and its replacement. */
  const changes: Record<string, [string | RegExp, string]> = {
    'core/util.js': [
      "const { IncomingMessage } = require('node:http')\n",
      'const IncomingMessage = undefined\n',
    ],
    // Node's default.
    'dispatcher/client.js': [
      "const http = require('node:http')\n",
      'const http = { maxHeaderSize: 16384 }\n',
    ],
    'dispatcher/client-h1.js': [
      /  const llhttpWasmData = [^]*?\n  return new WebAssembly\.Instance\(mod, /,
      `  return new WebAssembly.Instance(require('${join(root, 'src/client/compile-parser.ts')}').compileParser(), `,
    ],
  };
  const assert = "const assert = require('node:assert')\n";
  const ownAssert =
    "const assert = (ok, message) => { if (!ok) throw new Error(message || 'assertion of undici failed') }\n";
  const nameInUndici = (id: string): string =>
    id.slice(id.lastIndexOf('/undici/lib/') + '/undici/lib/'.length);
  const unused = new Set([...Object.keys(stubs), ...Object.keys(changes)]);
  return {
    name: 'trim-undici',
    buildStart() {
      const encoded = readFileSync(join(root, 'node_modules/undici/lib/llhttp/llhttp-wasm.js'), 'utf8');
      const [, base64] = /wasmBase64 = '([^']+)'/.exec(encoded) ?? [];
      if (base64 === undefined) return this.error('undici has its parser elsewhere: adapt this plugin');
      this.emitFile({ type: 'asset', fileName: 'llhttp.wasm', source: Buffer.from(base64, 'base64') });
    },
    load: {
      filter: { id: /\/undici\/lib\// },
      handler(id) {
        const stub = stubs[nameInUndici(id)];
        if (stub === undefined) return undefined;
        unused.delete(nameInUndici(id));
        return `module.exports = ${stub};`;
      },
    },
    transform: {
      filter: { id: /\/undici\/lib\// },
      handler(code, id) {
        let changed = code.replace(assert, ownAssert);
        if (/node:assert|assert\./.test(changed))
          this.error(`undici's ${nameInUndici(id)} uses assert in another way: adapt this plugin`);
        const [part, replacement] = changes[nameInUndici(id)] ?? [];
        if (part === undefined || replacement === undefined) return { code: changed, map: null };
        unused.delete(nameInUndici(id));
        const before = changed;
        changed = changed.replace(part, () => replacement);
        if (changed === before) this.error(`undici's ${nameInUndici(id)} has changed: adapt this plugin`);
        return { code: changed, map: null };
      },
    },
    buildEnd() {
      if (unused.size > 0) this.error(`undici no longer loads ${[...unused].join(', ')}: adapt this plugin`);
    },
  };
}

/** The MCP library loads ajv for JSON schemas of other parties, which remotify never accepts: a quarter of the time to its first answer. */
function leaveOutSchemaCompiler(): Plugin {
  const id = '@modelcontextprotocol/server/_shims';
  const own = '\0mcp-shims';
  return {
    name: 'leave-out-schema-compiler',
    resolveId: { filter: { id: /^@modelcontextprotocol\/server\/_shims$/ }, handler: () => own },
    load(loaded) {
      if (loaded !== own) return undefined;
      return `export { default as process } from 'node:process';
export class DefaultJsonSchemaValidator {
  getValidator() { throw new Error('${id}: schemas of other parties are not supported'); }
}`;
    },
  };
}

/** ioredis has the certificates of one hosting company, for a setting that is not used here. */
function leaveOutTlsProfiles(): Plugin {
  return {
    name: 'leave-out-tls-profiles',
    load: {
      filter: { id: /\/ioredis\/built\/constants\/TLSProfiles\.js$/ },
      handler: () => 'exports.default = {};',
    },
  };
}

/** Removes modules that libraries load for features that remotify does not use: a sixth of the package. A stub throws if it is used. */
function leaveOutUnusedModules(): Plugin {
  const { dots, line } = JSON.parse(
    readFileSync(join(root, 'node_modules/cli-spinners/spinners.json'), 'utf8'),
  ) as Record<string, unknown>;
  const fail = (reason: string): string => `{ throw new Error(${JSON.stringify(reason)}); }`;
  const stubs: Record<string, string> = {
    'ajv/dist/2020.js': `export class Ajv2020 { constructor() ${fail('conf was given a schema: bundle ajv again')} }`,
    'ajv-formats': 'export default {};',
    semver: `export default new Proxy({}, { get() ${fail('conf was given migrations: bundle semver again')} });`,
    // ora itself uses only these two of ninety.
    'cli-spinners': `export default ${JSON.stringify({ dots, line })};`,
    'thread-stream': `module.exports = class { constructor() ${fail('pino was given a transport: bundle thread-stream again')} };`,
    '@pinojs/redact': `module.exports = () => ${fail('pino was configured to redact: bundle its module again')};`,
  };
  return {
    name: 'leave-out-unused-modules',
    resolveId: {
      filter: {
        id: /^(?:ajv\/dist\/2020\.js|ajv-formats|semver|cli-spinners|thread-stream|@pinojs\/redact)$/,
      },
      handler: (id) => `\0unused:${id}`,
    },
    load: { filter: { id: /^\0unused:/ }, handler: (id) => stubs[id.slice('\0unused:'.length)] },
  };
}

/**
 * When it is loaded, the MCP library creates schemas for the whole protocol and keeps them in a public list that remotify does not read.
 * Without the list, and with each schema marked as free of side effects, the bundler removes the unused ones: an eighth of the time to
 * its first answer.
 */
function leaveOutUnusedSchemas(): Plugin {
  const lists = [
    'for (const key of SPEC_SCHEMA_KEYS) register(key, schemas_exports[key]);',
    'for (const [key, schema] of Object.entries(authSchemas)) register(key, schema);',
  ];
  const schema =
    /^const (\w+) = ((?:z\.|\w+Schema\b)[^]*?);$(?=\n(?:const|\/\*\*|\/\/|export|\n|function))/gm;
  return {
    name: 'leave-out-unused-schemas',
    transform: {
      filter: { id: /@modelcontextprotocol\/(?:core\/dist\/(?:schemas|auth)|server\/dist\/src)-[^/]+\.mjs$/ },
      handler(code, id) {
        const isList = id.includes('/server/');
        const isKnown = isList ? lists.every((line) => code.includes(line)) : code.match(schema) !== null;
        if (!isKnown) this.error('the MCP library has its schemas elsewhere: adapt or drop this plugin');
        const changed = isList
          ? lists.reduce((text, line) => text.replace(line, ''), code)
          : code.replaceAll(schema, 'const $1 = /* @__PURE__ */ (() => $2)();');
        return { code: changed, map: null };
      },
    },
  };
}

/** rolldown loads its helpers in each chunk, even in those that use none: a third of a millisecond of `--version`. */
function leaveOutUnusedRuntime(): Plugin {
  return {
    name: 'leave-out-unused-runtime',
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'chunk') continue;
        file.code = file.code.replace(
          /(^|[;,])require\("\.\/rolldown-runtime-[^"]+"\)([;,])/,
          (_all, before: string, after: string) => (before === ',' ? after : before),
        );
      }
    },
  };
}
