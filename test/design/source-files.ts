/** Parses the files of src, and lists their imports and the global names that they use. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'rolldown/parseAst';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Paths of all files below src, of any kind, from the root of the project, with slashes. */
export function listSourceFiles(): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .toSorted();
}

export function isCode(path: string): boolean {
  return /\.(ts|js|mts|cts|mjs|cjs)$/.test(path);
}

export function readSource(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The first folder below src. src/main.ts counts as part of cli. */
export function roomOf(path: string): string {
  return path === 'src/main.ts' ? 'cli' : (/^src\/([^/]+)\//.exec(path)?.[1] ?? `none: ${path}`);
}

export interface Facts {
  /** Specifiers of imports and re-exports: static, of types, by import(), by require(), or by new URL(). */
  imports: string[];
  /** Names that the file reads, without property names: `process.env`, `console`, `Date`. */
  names: string[];
}

interface Node {
  type: string;
  [field: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function textOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === 'TSLiteralType') return textOf(value['literal']);
  return typeof value['value'] === 'string' ? value['value'] : undefined;
}

const importing = new Set([
  'ImportDeclaration',
  'ExportAllDeclaration',
  'ExportNamedDeclaration',
  'ImportExpression',
  'TSImportType',
  'TSExternalModuleReference',
]);

/** The module that a node imports, if any. A computed specifier is reported too, so that a test fails on it. */
function readImport(node: Node): string | undefined {
  if (importing.has(node.type)) {
    const named = node['source'] ?? node['argument'] ?? node['expression'];
    if (named === null || named === undefined) return undefined;
    return textOf(named) ?? 'something computed';
  }
  const [first] = Array.isArray(node['arguments']) ? (node['arguments'] as unknown[]) : [];
  const callee = isNode(node['callee']) ? node['callee'] : undefined;
  if (node.type === 'CallExpression' && callee?.['name'] === 'require')
    return textOf(first) ?? 'something computed';
  if (node.type === 'NewExpression' && callee?.['name'] === 'URL') {
    const text = textOf(first);
    return text?.startsWith('.') ? text : undefined;
  }
  return undefined;
}

/** `process.env` and `process['env']` as `process.env`; `process` alone when the object itself is passed on. */
function readName(node: Node): string | undefined {
  if (node.type === 'Identifier') return String(node['name']);
  if (node.type !== 'MemberExpression' || !isNode(node['object']) || !isNode(node['property']))
    return undefined;
  const object = readName(node['object']);
  const property = node['computed'] === true ? textOf(node['property']) : String(node['property']['name']);
  return object === undefined || property === undefined ? undefined : `${object}.${property}`;
}

function collect(value: unknown, facts: Facts): void {
  if (Array.isArray(value)) {
    for (const part of value) collect(part, facts);
    return;
  }
  if (!isNode(value)) return;
  const imported = readImport(value);
  if (imported !== undefined) facts.imports.push(imported);
  const name = readName(value);
  if (name !== undefined) {
    facts.names.push(name.replace(/^globalThis\./, ''));
    collect(value['typeAnnotation'], facts);
    return;
  }
  for (const [field, part] of Object.entries(value)) {
    // Names of properties and keys are no uses of a global name.
    const isLabel = (field === 'key' || field === 'property') && value['computed'] === false;
    if (!isLabel) collect(part, facts);
  }
}

export function readFacts(code: string, language: 'ts' | 'js' = 'ts'): Facts {
  const facts: Facts = { imports: [], names: [] };
  collect(parseAst(code, { lang: language }), facts);
  return facts;
}

export interface SourceFile extends Facts {
  path: string;
  room: string;
}

export const sourceFiles: readonly SourceFile[] = listSourceFiles()
  .filter(isCode)
  .map((path) => ({
    path,
    room: roomOf(path),
    ...readFacts(readSource(path), path.endsWith('.ts') ? 'ts' : 'js'),
  }));

/** The file that a relative import names, from the root of the project. */
export function resolveImport(from: string, specifier: string): string {
  return normalize(join(dirname(from), specifier));
}
