/** Caches compiled code between starts: compiling is a third of the cost of `exec`. Without the cache everything still works. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { basename, dirname, join } from 'node:path';
import type { Script } from 'node:vm';
import { chooseCacheFolder } from '../config/cache-folder.ts';
import { type CompiledCode, readCompiledCode, writeCompiledCode } from './compiled-code.ts';

/** A process that runs longer writes the cache at this age, as it may end by SIGKILL. */
const maxWaitMs = 60_000;

/** Commands with a cache file of their own, which holds only the functions that they use. */
const ownFile = new Set(['exec', 'cp', 'mcp', 'serve']);

/** V8 accepts cached code for any source of the same length. npm sets one mtime for all packages, so this uses the ctime, the time of installation. */
const identify = (path: string): string => `${basename(path)} ${statSync(path).ctimeMs}`;

/** Throws if the cache cannot be written. */
function write(
  cache: string,
  name: string,
  folder: string,
  old: CompiledCode,
  scripts: Map<string, Script>,
): void {
  const present = new Set(readdirSync(folder).map((file) => identify(join(folder, file))));
  const kept = [...old].filter(([part]) => present.has(part));
  const added = [...scripts].map(([part, script]): [string, Buffer] => [part, script.createCachedData()]);
  writeCompiledCode(cache, name, new Map([...kept, ...added]));
}

/** Applies to the files in `folder` that are loaded after this call. `word`: the first argument, usually the name of a command. */
export function keepCompiled(folder: string, version: string, word = ''): void {
  const cache = chooseCacheFolder();
  if (cache === undefined || process.geteuid === undefined) return;
  // No static import: the entry file has this code, and --version would load the module too.
  const vm = process.getBuiltinModule('node:vm');
  // V8's tag changes with its version and its flags.
  const tag = `${process.version}-${process.arch}-${process.getBuiltinModule('node:v8').cachedDataVersionTag().toString(16)}`;
  // Without the inode, two installations of one version would each drop the code of the other.
  const place = statSync(folder).ino.toString(16);
  const name = `${version}-${place}-${tag}-${ownFile.has(word) ? word : 'other'}`;
  let old: CompiledCode = new Map();
  try {
    old = readCompiledCode(cache, name);
  } catch {
    // There is no cache yet, or it cannot be read.
  }
  const added = new Map<string, Script>();
  const { cache: modules, extensions } = createRequire(join(folder, 'main.cjs'));
  const loadOthers = extensions['.js'];
  const run = (module: Module, path: string): void => {
    if (dirname(path) !== folder) return loadOthers?.(module, path);
    const part = identify(path);
    const cachedData = old.get(part);
    const code = readFileSync(path, 'utf8');
    const script = new vm.Script(
      `(function (exports, require, module, __filename, __dirname) { ${code}\n})`,
      {
        filename: path,
        cachedData,
        importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      },
    );
    if (script.cachedDataRejected !== false) added.set(part, script);
    const start = script.runInThisContext() as (this: unknown, ...given: unknown[]) => void;
    // Node's own require takes a dozen system calls to find each file.
    const load = (id: string): unknown =>
      id.startsWith('./') ? loadFile(join(folder, id)) : module.require(id);
    start.call(module.exports, module.exports, load, module, path, folder);
  };
  const loadFile = (path: string): unknown => {
    const known = modules[path];
    if (known) return known.exports;
    const module = new Module(path);
    modules[path] = module;
    run(module, path);
    return module.exports;
  };
  extensions['.cjs'] = run;
  let written = 0;
  const keep = (): void => {
    if (added.size === written) return;
    written = added.size;
    try {
      write(cache, name, folder, old, added);
    } catch {
      // The disk is full, or the folder is not writable.
    }
  };
  process.once('exit', keep);
  setTimeout(keep, maxWaitMs).unref();
}
