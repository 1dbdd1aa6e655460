/** Keeps what V8 compiles of our code between starts: it is a third of what `exec` costs. Whatever goes wrong with that, nothing is said. */
import { readdirSync, statSync } from 'node:fs';
import { Module } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { constants, Script } from 'node:vm';
import { chooseCacheFolder } from '../config/cache-folder.ts';
import { type CompiledCode, readCompiledCode, writeCompiledCode } from './compiled-code.ts';

/** What runs for longer than this keeps its code before its end, which may be a SIGKILL. */
const keepAfterMs = 60_000;

/** The part of Node's module that is used here, which has no types. */
interface CommonModule {
  exports: unknown;
  require(id: string): unknown;
  _compile(this: CommonModule, code: string, path: string, format?: string): unknown;
}

/** They have a file of their own: it has just the functions that they use. */
const ownFile = new Set(['exec', 'cp', 'mcp', 'serve']);

/** V8 would take the code for any source of the same length. */
const identify = (path: string): string => `${basename(path)} ${statSync(path).mtimeMs}`;

/** Of what is loaded from `folder` from now on. `word` is the name of the command, if it is the first word. */
export function keepCompiled(folder: string, version: string, word = ''): void {
  const cache = chooseCacheFolder();
  if (cache === undefined || process.geteuid === undefined) return;
  const name = `${version}-${process.version}-${process.arch}-${ownFile.has(word) ? word : 'other'}`;
  let kept: CompiledCode = new Map();
  try {
    kept = readCompiledCode(cache, name);
  } catch {
    // There is none yet, or none that can be read.
  }
  const compiled = new Map<string, Script>();
  const prototype = Module.prototype as unknown as CommonModule;
  const compile = prototype._compile;
  prototype._compile = function (code, path, format) {
    if (dirname(path) !== folder) return compile.call(this, code, path, format);
    const part = identify(path);
    const cachedData = kept.get(part);
    const script = new Script(`(function (exports, require, module, __filename, __dirname) { ${code}\n})`, {
      filename: path,
      cachedData,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    if (script.cachedDataRejected !== false) compiled.set(part, script);
    const run = script.runInThisContext() as (this: unknown, ...given: unknown[]) => unknown;
    return run.call(this.exports, this.exports, (id: string) => this.require(id), this, path, folder);
  };
  const keep = (): void => {
    if (compiled.size === 0) return;
    try {
      const present = new Set(readdirSync(folder).map((file) => identify(join(folder, file))));
      const others = [...kept].filter(([part]) => present.has(part));
      const made = [...compiled].map(([part, script]): [string, Buffer] => [part, script.createCachedData()]);
      compiled.clear();
      writeCompiledCode(cache, name, new Map([...others, ...made]));
    } catch {
      // A full disk, or a folder where nothing can be written.
    }
  };
  process.once('exit', keep);
  setTimeout(keep, keepAfterMs).unref();
}
