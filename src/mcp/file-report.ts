/** Parses the report of a file script that ran on the remote, and describes its failures. */
import type { Call } from './calls.ts';
import { describeState } from './describe-call.ts';
import { fileFailures } from './file-script.ts';
import type { Host } from './host.ts';
import { showPath } from './quote-path.ts';
import { reportState } from './report-call.ts';
import type { Answer } from './tool.ts';
import { isEnded, isSettled } from '../protocol/command-states.ts';

/** Apart from file content the scripts print little: only this many bytes are read. */
const maxReportBytes = 64 * 1024;

export interface FileReport {
  size: number;
  /** `unknown` if the remote cannot compute it, `skipped` if the file is too large. */
  sha256: string;
  start: number;
  /** The rest of the output: the content of the file. */
  content: Buffer;
}

const reportLine = /^size (\d{1,16}), sha256 ([0-9a-f]{64}|unknown|skipped)(?:, start (\d{1,16}))?$/m;

/** Undefined if there is no report. A legacy relay merges both streams: there, the report is the first line. */
export async function readReport({ remote, snapshot }: Call): Promise<FileReport | undefined> {
  const { id, bytes } = snapshot;
  const read = (stream: 'stdout' | 'stderr') =>
    remote.source.read(id, stream, 0, Math.min(bytes[stream], maxReportBytes));
  let content = await read('stdout');
  let found = reportLine.exec((await read('stderr')).toString('latin1'));
  if (!found) {
    const end = content.indexOf(0x0a) + 1;
    found = reportLine.exec(content.subarray(0, end).toString('latin1'));
    content = content.subarray(end);
  }
  if (!found) return undefined;
  const [, size, sha256 = 'unknown', start = '0'] = found;
  return { size: Number(size), sha256, start: Number(start), content };
}

export function describeDigest(sha256: string): string {
  if (sha256 === 'skipped') return 'Its SHA-256 was not computed: the file is larger than 1 GiB.';
  if (sha256 === 'unknown')
    return 'Its SHA-256 is not known: the remote has no sha256sum, shasum or openssl.';
  return `Its SHA-256 is ${sha256}.`;
}

/** Answer for a script that ended without a report. `verb`: the action that did not happen, such as `written`. */
export async function reportFailure(host: Host, call: Call, verb: string, path: string): Promise<Answer> {
  const { snapshot, remote } = call;
  const { state, exitStatus, id, bytes } = snapshot;
  if (state !== 'finished') {
    const answer = reportState(host, call);
    const outcome = !isEnded(state) ? 'yet' : !isSettled(state) ? 'as far as is known' : 'by this call';
    return { ...answer, words: [`${showPath(path)} was not ${verb} ${outcome}.`, ...answer.words] };
  }
  const failure = fileFailures[exitStatus ?? 0];
  const stderr = await remote.source.read(id, 'stderr', 0, Math.min(bytes.stderr, 2_000));
  return {
    words: [`${showPath(path)} was not ${verb}: ${failure ?? 'the script failed'}.`, describeState(snapshot)],
    untrusted: [{ title: 'stderr', text: host.showBytes(stderr) }],
    isError: true,
  };
}
