/** Finds other Node versions: installs them once from the npm registry into a folder that later runs reuse. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const nodeMajors = [20, 22, 24, 26] as const;

const installMs = 180_000;

export type FoundNode = { path: string } | { missing: string };

/** Without `mayInstall` it only finds versions that are already installed. */
export async function findNode(major: number, mayInstall: boolean): Promise<FoundNode> {
  if (Number(process.versions.node.split('.')[0]) === major) return { path: process.execPath };
  const folder = join(tmpdir(), 'remotify-bench-nodes', String(major));
  const name = `node-${process.platform}-${process.arch}`;
  const path = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(path)) return { path };
  if (!mayInstall) return { missing: `no Node ${major}; the full form installs it` };
  await mkdir(folder, { recursive: true });
  const args = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `${name}@${major}`];
  try {
    await promisify(execFile)('npm', args, { cwd: folder, timeout: installMs });
    return { path };
  } catch {
    return { missing: `no Node ${major}: npm cannot install ${name}@${major}` };
  }
}
