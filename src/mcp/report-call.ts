/** Builds the answer about one command: state, next step, and output. */
import { describeMissing } from '../text/describe-missing.ts';
import type { Call } from './calls.ts';
import { type Snapshot, streams } from './command-source.ts';
import {
  describeNext,
  describeState,
  explainMade,
  explainRelayAddress,
  relayAddressOf,
  renderPaste,
  untrustedReason,
} from './describe-call.ts';
import { type Excerpt, readExcerpts } from './excerpt.ts';
import type { Host } from './host.ts';
import type { UntrustedText } from './render-answer.ts';
import type { Answer } from './tool.ts';

/** Warns that output is missing, so that a model does not take the rest for the whole output. */
export function reportMissing({ missing }: Snapshot): string[] {
  return missing ? [`${describeMissing(missing)}. The output below is not the whole output.`] : [];
}

function describeSizes(id: string, excerpts: Record<'stdout' | 'stderr', Excerpt>): string[] {
  const { stdout, stderr } = excerpts;
  if (stdout.bytes + stderr.bytes === 0) return [];
  const sizes = `stdout has ${stdout.bytes} bytes, stderr has ${stderr.bytes} bytes.`;
  const how = streams
    .filter((stream) => excerpts[stream].nextOffset !== null)
    .map((stream) => `remote_output with id ${id}, stream ${stream}, offset ${excerpts[stream].nextOffset}`);
  if (how.length === 0) return [sizes];
  return [
    sizes,
    `This is not the whole output. Read the rest with ${how.join(' and ')}; do not run the command again to get it.`,
  ];
}

function quoteExcerpt(title: string, { head, tail, omittedBytes }: Excerpt): UntrustedText {
  return { title, text: head, tail, omittedBytes, isExact: true };
}

/** State, session and next step, without output. */
export function reportState({ showBytes }: Host, call: Call): Answer {
  const { remote, snapshot, tool } = call;
  const show = (text: string): string => showBytes(Buffer.from(text));
  const next = describeNext(snapshot, tool);
  const state = [describeState(snapshot), `Session: ${remote.label}.`, ...explainMade(remote)];
  if (snapshot.state !== 'queued' || !call.lacksListener)
    return { words: [...state, next], untrusted: untrustedReason(snapshot, show) };
  return {
    words: [...state, ...renderPaste(remote), ...explainRelayAddress(remote), next],
    untrusted: relayAddressOf(remote, show),
  };
}

/** The whole answer, with as much output as fits. */
export async function reportCall(host: Host, call: Call): Promise<Answer> {
  const { remote, snapshot } = call;
  const excerpts = await readExcerpts(remote.source, snapshot, host.showBytes);
  const { words, untrusted = [] } = reportState(host, call);
  return {
    words: [...words, ...reportMissing(snapshot), ...describeSizes(snapshot.id, excerpts)],
    untrusted: [...untrusted, ...streams.map((stream) => quoteExcerpt(stream, excerpts[stream]))],
  };
}
