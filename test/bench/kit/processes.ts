/** What processes cost, as the kernel counts it: Linux. */
import { readFileSync, writeFileSync } from 'node:fs';

function readStatus(pid: number, field: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

/** Processor time of all its threads, in milliseconds; the kernel counts it in hundredths of a second. */
export function readCpuMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
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
