/** CPU time and memory of processes, from /proc (Linux only). */
import { readFileSync, writeFileSync } from 'node:fs';

function readStatus(pid: number, field: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

/** The four times of proc(5), in milliseconds: user and system time of the process, then of the children that it has waited for. */
function readTimes(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // The kernel counts in hundredths of a second.
  return fields.slice(11, 15).map((field) => Number(field) * 10);
}

/** Processor time of all threads of a process, in milliseconds. */
export function readCpuMs(pid: number): number {
  const [user = Number.NaN, system = Number.NaN] = readTimes(pid);
  return user + system;
}

/** Processor time of these processes and of those of their children that have ended, in milliseconds. */
export function readTreeCpuMs(pids: readonly number[]): number {
  const readAll = (pid: number): number => {
    try {
      return readTimes(pid).reduce((sum, time) => sum + time, 0);
    } catch {
      return 0;
    }
  };
  return pids.reduce((sum, pid) => sum + readAll(pid), 0);
}

/** Resident memory now, in KiB. */
export function readRssKib(pid: number): number {
  return readStatus(pid, 'VmRSS');
}

/** Peak resident memory since the start, or since `resetPeak`, in KiB. */
export function readPeakKib(pid: number): number {
  return readStatus(pid, 'VmHWM');
}

export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** The peak memory of the largest of several processes, in KiB. Polls often, as the value is gone once a process has ended. */
export class PeakWatch {
  readonly #pids: readonly number[];
  readonly #timer: NodeJS.Timeout;
  #peakKib = 0;

  constructor(pids: readonly number[]) {
    this.#pids = pids;
    this.#timer = setInterval(() => this.#look(), 20);
  }

  #look(): void {
    for (const pid of this.#pids) {
      try {
        const peak = readPeakKib(pid);
        // A zombie process has no such value.
        if (!Number.isNaN(peak)) this.#peakKib = Math.max(this.#peakKib, peak);
      } catch {
        // The process has ended.
      }
    }
  }

  stop(): number {
    clearInterval(this.#timer);
    return this.#peakKib;
  }
}
