/** `remote_write_file`: writes a text file, with a command that the operator sees. */
import { checkScript } from './check-script.ts';
import { maxBudgetSeconds } from './await-news.ts';
import type { Call } from './calls.ts';
import { flag, formatted, text, type Values } from './fields.ts';
import { describeDigest, readReport, reportFailure } from './file-report.ts';
import { followCall } from './follow-call.ts';
import type { Host } from './host.ts';
import { showPath } from './quote-path.ts';
import { budget, session } from './tool-arguments.ts';
import { type Answer, defineTool } from './tool.ts';
import { ToolError } from './tool-error.ts';

export const pathField = text(true, '', {
  accepts: 'the path of a file on the remote',
  example: '~/notes.txt',
});

const fields = {
  path: pathField,
  content: text(true, '', {
    accepts: 'text without NUL bytes or unpaired surrogates',
    example: 'a line\n',
    keepsEmpty: true,
  }),
  append: flag('Add content to its end.'),
  mode: formatted(false, /^[0-7]{3,4}$/, {
    description: 'Octal.',
    accepts: 'permissions as octal digits',
    example: '0644',
    tidy: (word) => word.replace(/^0o/i, ''),
  }),
  if_sha256: formatted(false, /^(?:[0-9a-f]{64}|absent)$/, {
    description: 'Only if the file has this SHA-256, or is "absent".',
    accepts: 'a SHA-256 as 64 hex digits, or absent',
    example: 'absent',
    tidy: (word) => word.toLowerCase(),
  }),
  session,
  wait_seconds: budget,
};

async function hash(content: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', Buffer.from(content));
  return Buffer.from(digest).toString('hex');
}

async function renderScript(values: Values<typeof fields>): Promise<string> {
  const { path, content, append = false, mode, if_sha256: expected } = values;
  if (path.endsWith('/') || /(?:^|\/)\.{1,2}$/.test(path))
    throw new ToolError('input', `path ${showPath(path)} names a folder`, 'give the path of a file');
  const { renderWrite } = await import('./file-script.ts');
  const digest = await hash(content);
  const script = renderWrite({ path, content, append, mode, expected, digest });
  return checkScript(script, 'write it in parts: the first with content, the others with append');
}

async function report(host: Host, call: Call, path: string, isAppended: boolean): Promise<Answer> {
  const verb = isAppended ? 'extended' : 'written';
  const found = call.snapshot.exitStatus === 0 ? await readReport(call) : undefined;
  if (!found) return reportFailure(host, call, verb, path);
  const { size, sha256 } = found;
  return {
    words: [
      `${showPath(path)} was ${verb}: it has ${size} bytes. ${describeDigest(sha256)}`,
      `Command: ${call.snapshot.id}. Session: ${call.remote.label}.`,
    ],
  };
}

export const writeFileTool = defineTool({
  name: 'remote_write_file',
  title: 'Write a text file on the remote',
  description:
    'Writes a text file with a command that the operator sees and may decline. Replaces it atomically, keeps its mode, checks its SHA-256.',
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  fields,
  run: async (context, values, request) => {
    const { path, append = false, session: name, wait_seconds: seconds = maxBudgetSeconds } = values;
    const call = {
      tool: 'remote_write_file',
      script: await renderScript(values),
      session: name,
      stdin: undefined,
      timeoutSeconds: 0,
      budgetSeconds: seconds,
    };
    return followCall(context, call, request, (done) => report(context.host, done, path, append));
  },
});
