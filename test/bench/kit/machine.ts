/** Describes the machine that the figures were measured on. */
import { cpus, loadavg, release, totalmem, type } from 'node:os';

export type Machine = {
  cpu: string;
  cores: number;
  memory_gib: number;
  kernel: string;
  node: string;
  /** Load average of the minute before the start: above 0.5 other processes were busy too. */
  load: number;
};

export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memory_gib: Math.round(totalmem() / 1024 ** 3),
    kernel: `${type()} ${release()}`,
    node: process.version,
    load: loadavg()[0] ?? Number.NaN,
  };
}
