/** Turns an error into an answer. Text from the relay is untrusted: it is fenced, never part of the message. */
import { RelayError } from '../client/relay-error.ts';
import { refusals } from '../protocol/errors.ts';
import type { Answer, ToolContext } from './tool.ts';
import type { UntrustedText } from './render-answer.ts';
import { type ErrorKind, ToolError } from './tool-error.ts';
import { cutChars } from '../text/cut-text.ts';

/** Errors that the model can fix with another call. */
const inputCodes = new Set([
  'empty_command',
  'nul_byte',
  'no_such_command',
  'too_large',
  'queue_full',
  'usage',
  'no_session',
  'no_such_session',
]);

/** Hints for a model, where the hint for people does not help it. */
const ownHints: Readonly<Record<string, string>> = {
  no_such_command: 'ids look like c7; remote_session_info lists the last commands',
  queue_full: 'wait for commands to end, or cancel some: remote_session_info lists them',
};

/** Longer messages contain text that this program did not write. */
const maxMessageChars = 500;

interface Described {
  kind: ErrorKind;
  message: string;
  hint: string;
  untrusted: UntrustedText[];
}

function describeRefusal({ status, code }: RelayError): string {
  if (Object.hasOwn(refusals, code)) return refusals[code as keyof typeof refusals].text;
  return `the relay refused the request (HTTP ${status})`;
}

/** Describes the error by its kind, because its message may be the relay's text. */
function describeRelayError(error: RelayError): string {
  switch (error.kind) {
    case 'unreachable':
      return error.message;
    case 'moved':
      return 'the relay reports that it has moved';
    case 'not_a_relay':
      return `the response did not come from a relay (HTTP ${error.status})`;
    case 'refused':
      return describeRefusal(error);
  }
}

function describe({ host }: ToolContext, error: unknown): Described {
  if (error instanceof ToolError) return { ...pick(error), untrusted: [] };
  const { message, hint = '', code } = host.explain(error);
  if (!(error instanceof RelayError)) {
    const kind = inputCodes.has(code) ? 'input' : 'trouble';
    return { kind, message: cutChars(message, maxMessageChars), hint, untrusted: [] };
  }
  const own = describeRelayError(error);
  const text = host.showBytes(Buffer.from(cutChars(error.message, maxMessageChars)));
  return {
    kind: inputCodes.has(error.code) ? 'input' : 'trouble',
    message: cutChars(own, maxMessageChars),
    hint: ownHints[error.code] ?? hint,
    untrusted: own === error.message ? [] : [{ title: 'response of the relay', text }],
  };
}

const pick = ({ kind, message, hint }: ToolError) => ({ kind, message, hint });

export function answerError(context: ToolContext, error: unknown): Answer {
  const { kind, message, hint, untrusted } = describe(context, error);
  const words = [`remotify failed: ${message}`];
  if (hint !== '') words.push(`Hint: ${hint}`);
  words.push(
    kind === 'input'
      ? 'Nothing was run by this call. Correct it and call again.'
      : 'Tell the user what is wrong; do not look for another way to the remote machine.',
  );
  return { words, untrusted, isError: true };
}
