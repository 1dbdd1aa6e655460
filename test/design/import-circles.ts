/** Finds import cycles: files that import themselves through other files. */
import { resolveImport } from './source-files.ts';

/** The files that each file imports. */
type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** Imports of packages are left out. */
export function readGraph(files: readonly { path: string; imports: readonly string[] }[]): ImportGraph {
  return new Map(
    files.map(({ path, imports }) => [
      path,
      imports
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => resolveImport(path, specifier)),
    ]),
  );
}

/** The shortest path of imports from a file back to itself, both ends included; undefined if there is none. */
function findWayBack(graph: ImportGraph, start: string): string[] | undefined {
  const seen = new Set<string>();
  let ways = [[start]];
  while (ways.length > 0) {
    const longer: string[][] = [];
    for (const way of ways) {
      for (const target of graph.get(way.at(-1) ?? '') ?? []) {
        if (target === start) return [...way, target];
        if (seen.has(target)) continue;
        seen.add(target);
        longer.push([...way, target]);
      }
    }
    ways = longer;
  }
  return undefined;
}

/** `a.ts -> b.ts -> a.ts`, for each cycle once, starting at its first file by name. */
export function listCircles(graph: ImportGraph): string[] {
  const circles = [...graph.keys()]
    .map((path) => findWayBack(graph, path)?.slice(1) ?? [])
    .filter((way) => way.length > 0)
    .map((way) => {
      const first = way.indexOf(way.toSorted()[0] ?? '');
      const rotated = [...way.slice(first), ...way.slice(0, first)];
      return [...rotated, rotated[0]].join(' -> ');
    });
  return [...new Set(circles)].toSorted();
}
