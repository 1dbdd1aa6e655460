/** Compiles undici's HTTP/1.1 parser from the WebAssembly file that the build writes next to this code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

/** Node's type declarations do not include WebAssembly. */
declare const WebAssembly: { Module: new (bytes: Uint8Array) => object };

/** V8's default for `--wasm-tiering-budget`. */
const defaultBudget = Number(process.versions.node.split('.')[0]) < 22 ? 1_800_000 : 13_000_000;

/**
 * With the default budget V8 optimises the parser during the first responses, and the process cannot exit until that is done: up to
 * 100 ms. A module keeps the budget that was set when it was compiled. The flag is reset at once, because V8 rejects code that was cached
 * with other flags.
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
