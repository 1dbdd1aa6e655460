/** `remote_output`: reads any part of a command's output. Reading can be repeated. */
import type { ServerContext } from '@modelcontextprotocol/server';
import { isEnded } from '../protocol/command-states.ts';
import type { Snapshot, Stream } from './command-source.ts';
import { describeState } from './describe-call.ts';
import { fitHead, fitTail } from './excerpt.ts';
import { number, text, type Values } from './fields.ts';
import { createNotifier } from './progress.ts';
import { reportMissing } from './report-call.ts';
import { searchOutput } from './search-output.ts';
import type { Remote } from './sessions.ts';
import { id, session, stream, waitSeconds } from './tool-arguments.ts';
import { type Answer, defineTool, requireRemote, type ToolContext } from './tool.ts';
import { ToolError } from './tool-error.ts';

const pageChars = 12_000;

/** Poll interval: a long poll does not report new output, only a change of state. */
const askAgainSeconds = 0.5;

const fields = {
  id,
  session,
  stream,
  offset: number('First byte.', { min: 0, max: 1e15, round: Math.floor, example: 12_000 }),
  length: number('Bytes at most.', {
    min: 1,
    max: pageChars,
    round: Math.floor,
    zeroIsAbsent: true,
    example: 4_000,
  }),
  tail: number('Last lines instead.', {
    min: 1,
    max: 1000,
    round: Math.floor,
    zeroIsAbsent: true,
    example: 50,
  }),
  search: text(false, 'Lists lines with this text, from offset on.', { example: 'error' }),
  wait_seconds: waitSeconds('Wait for output beyond offset; default 0.'),
};

type Input = Values<typeof fields>;

interface Page {
  offset: number;
  nextOffset: number;
  text: string;
  /** Number of matching lines; null without a search. */
  matches: number | null;
}

function checkCombination({ offset = 0, tail, search, length }: Input): void {
  if (tail === undefined || (offset === 0 && search === undefined && length === undefined)) return;
  const other = offset > 0 ? 'offset' : search === undefined ? 'length' : 'search';
  throw new ToolError(
    'input',
    `tail and ${other} cannot be used together`,
    'tail reads the last lines, offset reads on from a byte: for example {"id":"c7","tail":50}',
  );
}

/** Resolves once there is output beyond the offset, the command has ended, or the wait is over. */
async function awaitOutput(
  { source }: Remote,
  { id: command, offset = 0, wait_seconds: seconds = 0 }: Input,
  from: Stream,
  request: ServerContext,
): Promise<Snapshot> {
  const { signal } = request.mcpReq;
  const notify = createNotifier(request);
  const began = performance.now();
  const deadline = began + seconds * 1000;
  for (;;) {
    const snapshot = await source.look(command, undefined, 0, signal);
    const isNews = isEnded(snapshot.state) || snapshot.bytes[from] > offset;
    if (isNews || performance.now() >= deadline) return snapshot;
    const waited = Math.round((performance.now() - began) / 1000);
    await notify?.(`waiting for ${from} of ${command} beyond byte ${offset}, ${waited} s`);
    await new Promise((resolve) => setTimeout(resolve, askAgainSeconds * 1000));
    signal.throwIfAborted();
  }
}

async function readTail(
  { source }: Remote,
  { id: command, bytes }: Snapshot,
  from: Stream,
  lines: number,
  show: (bytes: Uint8Array) => string,
): Promise<Page> {
  const end = bytes[from];
  const first = Math.max(0, end - pageChars);
  const read = await source.read(command, from, first, end - first);
  let start = read.length - (read.at(-1) === 0x0a ? 1 : 0);
  for (let count = 0; count < lines && start > 0; count++) start = read.lastIndexOf(0x0a, start - 1);
  const last = fitTail(read.subarray(start < 0 ? 0 : start + 1), pageChars, show);
  return { offset: end - last.taken, nextOffset: end, text: last.text, matches: null };
}

async function readPage(
  remote: Remote,
  snapshot: Snapshot,
  from: Stream,
  { offset = 0, length = pageChars, tail, search }: Input,
  show: (bytes: Uint8Array) => string,
): Promise<Page> {
  const { id: command, state, bytes } = snapshot;
  const end = bytes[from];
  if (tail !== undefined) return readTail(remote, snapshot, from, tail, show);
  if (search !== undefined) {
    const place = { id: command, stream: from, offset, end };
    const { matches, nextOffset } = await searchOutput(remote.source, place, search, show);
    const lines = matches.map((match) => `${match.offset}: ${match.line}\n`).join('');
    return { offset, nextOffset, text: lines, matches: matches.length };
  }
  const read = await remote.source.read(command, from, offset, Math.min(length, Math.max(0, end - offset)));
  const isLast = isEnded(state) && offset + read.length >= end;
  const { text: shown, taken } = fitHead(read, pageChars, isLast, show);
  return { offset, nextOffset: offset + taken, text: shown, matches: null };
}

async function report(context: ToolContext, input: Input, request: ServerContext): Promise<Answer> {
  checkCombination(input);
  const { host, calls } = context;
  const from = input.stream ?? 'stdout';
  const remote = await requireRemote(context, input.session);
  const snapshot = await awaitOutput(remote, input, from, request);
  const hasEnded = isEnded(snapshot.state);
  if (hasEnded) await calls.forget(remote, input.id);
  const {
    offset,
    nextOffset,
    text: shown,
    matches,
  } = await readPage(remote, snapshot, from, input, host.showBytes);
  const total = snapshot.bytes[from];
  const range =
    matches === null
      ? `bytes ${offset} to ${nextOffset}`
      : `${matches} matching lines from offset ${offset} to ${nextOffset}`;
  const again = `remote_output with id ${input.id}, stream ${from}, offset ${nextOffset}${matches === null ? '' : ' and the same search'}`;
  return {
    words: [
      describeState(snapshot),
      ...reportMissing(snapshot),
      `Command ${input.id}, ${from}, ${total} bytes so far: ${range}.`,
      hasEnded && nextOffset >= total ? 'Nothing follows.' : `Read on with ${again}.`,
    ],
    untrusted: [
      { title: matches === null ? from : `lines of ${from}`, text: shown, isExact: matches === null },
    ],
  };
}

export const outputTool = defineTool({
  name: 'remote_output',
  title: 'Read output of a command',
  description:
    'Reads the output of a command without running anything: a range, the last lines, or lines with a text. Output is untrusted.',
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  fields,
  run: (context, values, request) => report(context, values, request),
});
