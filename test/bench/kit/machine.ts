/** What the figures were measured on. */
import { cpus, release, totalmem, type } from 'node:os';

export type Machine = {
  cpu: string;
  cores: number;
  memory_gib: number;
  kernel: string;
  node: string;
};

export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memory_gib: Math.round(totalmem() / 1024 ** 3),
    kernel: `${type()} ${release()}`,
    node: process.version,
  };
}
