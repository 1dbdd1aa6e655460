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
