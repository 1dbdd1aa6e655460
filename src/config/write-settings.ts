/** Changes the settings file, through conf, which writes a new file and renames it. Loaded only by commands that store settings. */
import { accessSync, constants, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Conf from 'conf';
import { ConfigError } from './config-error.ts';
import { describeFileError } from './describe-file-error.ts';
import { makeFolder } from './make-folder.ts';
import type { Settings } from './settings.ts';
import { readSettings } from './settings-file.ts';

/** A change takes milliseconds: an older lock was left behind by a process that died. */
const staleLockMs = 10_000;
const lockTimeoutMs = 15_000;

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

/** conf has no lock of its own: if two processes wrote at once, one would lose its session key. */
async function takeLock(configDir: string): Promise<() => void> {
  const path = join(configDir, 'config.lock');
  const since = Date.now();
  for (;;) {
    try {
      writeFileSync(path, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (errorCode(error) !== 'EEXIST' || Date.now() - since > lockTimeoutMs) throw error;
      const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > staleLockMs) rmSync(path, { force: true });
      await sleep(20 + Math.random() * 30);
    }
  }
}

/** Importing conf installs signal handlers that would catch Ctrl-C: removes them. */
async function loadConf(): Promise<typeof Conf> {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const before = new Map(names.map((name) => [name, new Set(process.listeners(name))]));
  const { default: loaded } = await import('conf');
  for (const name of names) {
    for (const listener of process.listeners(name)) {
      if (!before.get(name)?.has(listener)) process.removeListener(name, listener);
    }
  }
  return loaded;
}

function refuseFolder(action: string, configDir: string, error: unknown): ConfigError {
  return new ConfigError(
    `cannot ${action} ${configDir}: ${describeFileError(error)}`,
    'check the permissions, or choose another folder with --config-dir',
    'setting',
  );
}

function requireFolder(configDir: string): void {
  try {
    makeFolder(configDir);
  } catch (error) {
    throw refuseFolder('create the folder', configDir, error);
  }
}

/** Throws a ConfigError now rather than after a session was created that cannot be stored. */
export function checkWritable(configDir: string): void {
  requireFolder(configDir);
  try {
    accessSync(configDir, constants.W_OK);
  } catch (error) {
    throw refuseFolder('write to', configDir, error);
  }
}

/** Reads, changes and writes the settings under a lock. Throws a ConfigError if the folder or file cannot be written. */
export async function changeSettings(
  configDir: string,
  change: (settings: Settings) => Settings,
): Promise<void> {
  requireFolder(configDir);
  try {
    const release = await takeLock(configDir);
    try {
      const settings = change(readSettings(configDir));
      const StoredConf = await loadConf();
      const conf = new StoredConf({
        cwd: configDir,
        configName: 'config',
        projectSuffix: '',
        configFileMode: 0o600,
      });
      conf.store = { ...settings };
    } finally {
      release();
    }
  } catch (error) {
    // Explain only errors of the file system: `change` throws errors of its own.
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw refuseFolder('write to', configDir, error);
  }
}
