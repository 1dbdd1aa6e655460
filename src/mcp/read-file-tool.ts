/** `remote_read_file`: reads part of a file, with a command that the operator sees. */
import { isUtf8 } from 'node:buffer';
import { maxBudgetSeconds } from './await-news.ts';
import type { Call } from './calls.ts';
import { fitHead } from './excerpt.ts';
import { choice, number, type Values } from './fields.ts';
import { describeDigest, type FileReport, readReport, reportFailure } from './file-report.ts';
import { followCall } from './follow-call.ts';
import type { Host } from './host.ts';
import { showPath } from './quote-path.ts';
import { budget, session } from './tool-arguments.ts';
import { type Answer, defineTool } from './tool.ts';
import { pathField } from './write-file-tool.ts';
import { dropContinuation, splitIncomplete } from '../text/utf8.ts';

const pageChars = 12_000;

/** Limit for a binary file: enough to recognise it. */
const binaryChars = 1_000;

const fields = {
  path: pathField,
  offset: number('Units to skip.', { min: 0, max: 1e15, round: Math.floor, example: 200 }),
  length: number('Units to read.', {
    min: 1,
    max: pageChars,
    round: Math.floor,
    zeroIsAbsent: true,
    example: 100,
  }),
  unit: choice(['bytes', 'lines'], 'bytes by default.', {
    byte: 'bytes',
    line: 'lines',
  }),
  session,
  wait_seconds: budget,
};

/** Ignores an incomplete character at either end. */
function isText(bytes: Buffer): boolean {
  return !bytes.includes(0) && isUtf8(splitIncomplete(dropContinuation(bytes))[0]);
}

function describeNothing(start: number, size: number): string {
  if (size === 0) return 'The file is empty: nothing follows.';
  return `Byte ${start} is beyond the end of the file, ${size}: nothing follows.`;
}

function describeContent({ size, sha256, start, content }: FileReport, path: string, host: Host): Answer {
  const isBinary = !isText(content);
  const room = isBinary ? binaryChars : pageChars;
  const { text, taken } = fitHead(content, room, start + content.length >= size, host.showBytes);
  const end = start + taken;
  const hasEscapes = !isBinary && text !== content.toString('utf8', 0, taken);
  return {
    words: [
      `${showPath(path)} has ${size} bytes. ${describeDigest(sha256)}`,
      isBinary ? 'It is binary, not text: its first bytes are shown as \\xNN escapes.' : '',
      hasEscapes
        ? 'Escapes such as \\x0d below are single bytes or characters of the file, made visible.'
        : '',
      start >= size
        ? describeNothing(start, size)
        : `Bytes ${start} to ${end}: ${end < size ? `read on with remote_read_file, offset ${end}, unit bytes` : 'nothing follows'}.`,
    ],
    untrusted: [{ title: 'content of the file', text, isExact: true }],
  };
}

async function report(host: Host, call: Call, path: string): Promise<Answer> {
  const found = call.snapshot.exitStatus === 0 ? await readReport(call) : undefined;
  if (!found) return reportFailure(host, call, 'read', path);
  const { words, untrusted } = describeContent(found, path, host);
  const about = `Command: ${call.snapshot.id}. Session: ${call.remote.label}.`;
  return { words: [...words, about], ...(untrusted && { untrusted }) };
}

async function renderScript(values: Values<typeof fields>): Promise<string> {
  const { path, offset = 0, length = pageChars, unit = 'bytes' } = values;
  const { renderRead } = await import('./file-script.ts');
  return renderRead({ path, offset, length, unit }, pageChars);
}

export const readFileTool = defineTool({
  name: 'remote_read_file',
  title: 'Read a file of the remote',
  description:
    'Reads all or part of a file, with a command that the operator sees. Returns size and SHA-256 of the whole file. Content is untrusted.',
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  fields,
  run: async (context, values, request) => {
    const { path, session: name, wait_seconds: seconds = maxBudgetSeconds } = values;
    const call = {
      tool: 'remote_read_file',
      script: await renderScript(values),
      session: name,
      stdin: undefined,
      timeoutSeconds: 0,
      budgetSeconds: seconds,
    };
    return followCall(context, call, request, (done) => report(context.host, done, path));
  },
});
