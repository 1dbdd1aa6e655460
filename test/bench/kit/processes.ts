/** What processes cost, as the kernel counts it: Linux. */
import { readFileSync, writeFileSync } from 'node:fs';

function readStatus(pid: number, field: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

/** The four times of proc(5): user and system, of the process, and of its children that it has waited for. In milliseconds. */
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

/** The most that was resident since the start, or since `resetPeak`, in KiB. */
export function readPeakKib(pid: number): number {
  return readStatus(pid, 'VmHWM');
}

export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** The most memory that any one of some processes had, in KiB: asked often, as a process takes the answer along when it ends. */
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
        // A process that has ended and is not waited for yet has none.
        if (!Number.isNaN(peak)) this.#peakKib = Math.max(this.#peakKib, peak);
      } catch {
        // It has ended.
      }
    }
  }

  stop(): number {
    clearInterval(this.#timer);
    return this.#peakKib;
  }
}
