/** Parses the text of an answer. Tests use only this text, because it is all that a model sees. */

export type Excerpt = {
  head: string;
  tail: string;
  bytes: number;
  omitted_bytes: number;
  next_offset: number | null;
};

export type ReadAnswer = {
  id: string;
  state: string;
  session: string;
  exit_status: number | null;
  signal: string | null;
  outcome: string;
  relay: string;
  rotated: boolean;
  cleared: string;
  listener: { connected: boolean; mode: string | null };
  commands: { id: string; state: string; exit_status: number | null }[];
  untrusted: {
    stdout: Excerpt;
    stderr: Excerpt;
    reason: string | null;
    listener: string | null;
    /** Text of a page of output, or of a file. */
    text: string;
    matches: { offset: number; line: string }[];
  };
  paste: { supervised: string; auto: string; request: string } | null;
  notices: string[];
  next: string;
  bytes: number;
  offset: number;
  next_offset: number;
  complete: boolean;
};

type Fence = { text: string; tail: string; omitted: number };

const states: [RegExp, string][] = [
  [/^Command (c\d+) is queued/, 'queued'],
  [/^Command (c\d+) waits for the operator/, 'awaiting_approval'],
  [/^Command (c\d+) is running/, 'running'],
  [/^Command (c\d+) finished with exit status (\d+)/, 'finished'],
  [/^Command (c\d+) ended without an exit status/, 'finished'],
  [/^Command (c\d+) was stopped/, 'timed_out'],
  [/^The operator declined command (c\d+)/, 'declined'],
  [/^Command (c\d+) expired/, 'expired'],
  [/^Command (c\d+) was cancelled/, 'cancelled'],
  [/^Command (c\d+) is lost/, 'lost'],
];

/** The mark of an answer; undefined if the answer has no untrusted text. */
export function findMark(text: string): string | undefined {
  return /starts with \[([0-9a-f]{24})\]/.exec(text)?.[1];
}

/** The answer without its fences: the text that a model takes for the tool's own. */
export function ownWords(text: string): string {
  const mark = findMark(text) ?? 'none';
  const fence = new RegExp(
    `^\\[${mark}\\] begin untrusted (.+)\\n[^]*?^\\[${mark}\\] end untrusted \\1(?: \\(no newline at the end\\))?\\n`,
    'gm',
  );
  return text.replaceAll(fence, '');
}

function readFences(text: string): Map<string, Fence> {
  const mark = findMark(text) ?? 'none';
  const pattern = new RegExp(
    `^\\[${mark}\\] begin untrusted (.+)\\n([^]*?)^\\[${mark}\\] end untrusted \\1( \\(no newline at the end\\))?\\n`,
    'gm',
  );
  const gap = new RegExp(`^\\[${mark}\\] (\\d+) bytes of .+ are left out here\\n`, 'm');
  return new Map(
    [...text.matchAll(pattern)].map(([, title = '', body = '', isCut]) => {
      const whole = isCut === undefined ? body : body.slice(0, -1);
      const left = gap.exec(whole);
      if (!left) return [title, { text: whole, tail: '', omitted: 0 }];
      const tail = whole.slice(left.index + left[0].length);
      return [title, { text: whole.slice(0, left.index), tail, omitted: Number(left[1]) }];
    }),
  );
}

function readExcerpt(own: string, fences: Map<string, Fence>, stream: string): Excerpt {
  const { text = '', tail = '', omitted = 0 } = fences.get(stream) ?? {};
  const next = new RegExp(`stream ${stream}, offset (\\d+)`).exec(own)?.[1];
  // The tool adds a newline if the head ends without one. An escape is one byte.
  const headBytes = Buffer.byteLength(text.replaceAll(/\\x[0-9a-f]{2}/g, '?'));
  const isPadded = next !== undefined && headBytes === Number(next) + 1;
  return {
    head: isPadded ? text.slice(0, -1) : text,
    tail,
    bytes: Number(new RegExp(`${stream} has (\\d+) bytes`).exec(own)?.[1] ?? 0),
    omitted_bytes: omitted,
    next_offset: next === undefined ? null : Number(next),
  };
}

function readCommands(lines: readonly string[]) {
  return lines.flatMap((line) =>
    states.flatMap(([pattern, state]) => {
      const [, id = '', status] = pattern.exec(line) ?? [];
      return id === '' ? [] : [{ id, state, exit_status: status === undefined ? null : Number(status) }];
    }),
  );
}

function readPaste(own: string): ReadAnswer['paste'] {
  const found = /To connect one:\n {2}(\S.*)\n {2}(\S.*)\n(Show .*)\n/.exec(own);
  return found ? { supervised: found[1] ?? '', auto: found[2] ?? '', request: found[3] ?? '' } : null;
}

export function readAnswer(text: string): ReadAnswer {
  const own = ownWords(text);
  const fences = readFences(text);
  const lines = own.split('\n');
  const commands = readCommands(lines);
  const first = commands[0];
  const find = (pattern: RegExp): string | undefined => pattern.exec(own)?.[1];
  const page = /(\d+) bytes so far: (?:bytes|\d+ matching lines from offset) (\d+) to (\d+)/.exec(own);
  const file = /^Bytes (\d+) to (\d+):/m.exec(own);
  const [offset, nextOffset] = page ? [page[2], page[3]] : [file?.[1], file?.[2]];
  const found = fences.get('lines of stdout') ?? fences.get('lines of stderr');
  const isSupervised = own.includes('its operator is asked');
  return {
    id: first?.id ?? '',
    state: first?.state ?? '',
    exit_status: first?.exit_status ?? null,
    session:
      find(/^Session: (\S+)\.$/m) ?? find(/^Session (\S+) on /m) ?? find(/new session is (\S+) on/) ?? '',
    signal: find(/\(killed by SIG(\w+)\)/) ?? null,
    outcome:
      find(
        /^(It was cancelled|It was stopped|It was not stopped|A signal was sent|It had already ended|No command is running)/m,
      ) ?? '',
    relay: find(/^Session \S+ on (\S+)\.$/m) ?? '',
    rotated: own.includes('The new session is'),
    cleared: find(/was reset; cleared: (.*)\./) ?? '',
    listener: {
      connected: /^A listener (?:is|was) connected/m.test(own),
      mode: isSupervised ? 'supervised' : own.includes('runs commands without asking.') ? 'auto' : null,
    },
    commands,
    untrusted: {
      stdout: readExcerpt(own, fences, 'stdout'),
      stderr: readExcerpt(own, fences, 'stderr'),
      reason: fences.get('reason')?.text.trimEnd() ?? null,
      listener: fences.get('name of the listener')?.text.trimEnd() ?? null,
      text: (fences.get('content of the file') ?? fences.get('stdout') ?? fences.get('stderr'))?.text ?? '',
      matches: (found?.text ?? '')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => ({ offset: Number.parseInt(line, 10), line: line.replace(/^\d+: /, '') })),
    },
    paste: readPaste(own),
    notices: lines.filter((line) =>
      /^(?:Note: |A new session, |There is no session|The session is gone)/.test(line),
    ),
    next: lines
      .filter((line) => /^(?:Call |They |Their |Tell |It may|Read on|Nothing follows)/.test(line))
      .join(' '),
    bytes: Number(page?.[1] ?? find(/ has (\d+) bytes\. /) ?? 0),
    offset: Number(offset ?? 0),
    next_offset: Number(nextOffset ?? 0),
    complete: /nothing follows/i.test(own),
  };
}
