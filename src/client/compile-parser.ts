/** undici's parser of HTTP/1.1, from the file that the build writes beside this code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

/** Node's types do not have it. */
declare const WebAssembly: { Module: new (bytes: Uint8Array) => object };

/** V8's own `--wasm-tiering-budget`. */
const defaultBudget = Number(process.versions.node.split('.')[0]) < 22 ? 1_800_000 : 13_000_000;

/**
 * V8 would optimise the parser in the midst of the first answers, and a process cannot end until that is done: up to 100 ms. A module
 * has the budget that was set when it was compiled. The flag is put back at once: V8 rejects cached code of other flags.
 */
export function compileParser(): object {
  const bytes = readFileSync(join(import.meta.dirname, 'llhttp.wasm'));
  setFlagsFromString('--wasm-tiering-budget=1000000000');
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${defaultBudget}`);
  }
}
