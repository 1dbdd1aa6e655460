/** The answer about one command: words for a model, and the same as fields. */
import {
  describeNext,
  describePaste,
  describeState,
  foreignReason,
  type Paste,
  renderPaste,
} from './describe-call.ts';
import { type Snapshot, streams } from './command-source.ts';
import { type Excerpt, readExcerpts } from './excerpt.ts';
import type { Host } from './host.ts';
import { type Foreign, renderAnswer } from './render-answer.ts';
import type { Remote } from './sessions.ts';
import type { CallReport } from './tool-schemas.ts';

export interface Report<T> {
  [field: string]: unknown;
  content: { type: 'text'; text: string }[];
  structuredContent: T;
}

/** A model must not take what is left for the whole output. */
export function describeMissing({ missingBytes }: Snapshot): string[] {
  if (missingBytes === null) return [];
  const count = missingBytes === 0 ? 'Some' : String(missingBytes);
  return [
    `${count} bytes of its output are missing: there was no room to keep them. What is shown is not the whole output.`,
  ];
}

function describeSizes(id: string, excerpts: Record<'stdout' | 'stderr', Excerpt>): string[] {
  const sizes = `stdout has ${excerpts.stdout.bytes} bytes, stderr has ${excerpts.stderr.bytes} bytes.`;
  const missing = streams.filter((stream) => excerpts[stream].next_offset !== null);
  const how = missing.map(
    (stream) => `remote_output with id ${id}, stream ${stream}, offset ${excerpts[stream].next_offset}`,
  );
  return missing.length === 0
    ? [sizes]
    : [
        sizes,
        `Not all of it is here. Read the rest with ${how.join(' and ')}; do not run the command again for it.`,
      ];
}

export function explainMade({ label, url, madeBecause }: Remote): string[] {
  return madeBecause === null
    ? []
    : [
        `A new session, ${label} on ${url}, was made because ${madeBecause}: a listener must be connected to it.`,
      ];
}

/** `lacksListener`: the lines to paste are part of the answer. */
export async function reportCall(
  host: Host,
  remote: Remote,
  snapshot: Snapshot,
  lacksListener: boolean,
): Promise<Report<CallReport>> {
  const excerpts = await readExcerpts(remote.source, snapshot, host.showBytes);
  const show = (text: string): string => host.showBytes(Buffer.from(text));
  const reason = foreignReason(snapshot);
  const paste: Paste | null = lacksListener ? describePaste(remote) : null;
  const notices = explainMade(remote);
  const next = describeNext(snapshot);
  const words = [
    describeState(snapshot),
    ...notices,
    ...(paste ? renderPaste(paste) : [next]),
    ...describeMissing(snapshot),
    ...(excerpts.stdout.bytes + excerpts.stderr.bytes > 0 ? describeSizes(snapshot.id, excerpts) : []),
  ].filter((line) => line !== '');
  const foreign: Foreign[] = streams.map((stream) => ({
    title: stream,
    text: excerpts[stream].head,
    tail: excerpts[stream].tail,
    omittedBytes: excerpts[stream].omitted_bytes,
  }));
  if (reason !== null) foreign.unshift({ title: 'reason', text: show(reason) });
  return {
    content: [{ type: 'text', text: renderAnswer(words, foreign) }],
    structuredContent: {
      id: snapshot.id,
      session: remote.label,
      state: snapshot.state,
      exit_status: snapshot.exitStatus,
      signal: snapshot.signal === null ? null : show(snapshot.signal),
      duration_ms: snapshot.durationMs,
      untrusted: { ...excerpts, reason: reason === null ? null : show(reason) },
      paste,
      notices,
      next: paste?.request ?? next,
    },
  };
}
