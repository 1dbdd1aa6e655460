/** What `GET …/output` says in its headers, and the two streams of its body. */

const numberOr = (text, fallback) => (/^\d{1,16}$/.test(text ?? '') ? Number(text) : fallback);

function decodeReason(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Undefined where it says nothing of a command: a relay that lets go of a held request answers so. */
export function parseOutput({ headers, bytes }) {
  const get = (name) => headers.get(`remotify-${name}`);
  const stdoutBytes = numberOr(get('stdout-bytes'), 0);
  if (get('state') === null || stdoutBytes + numberOr(get('stderr-bytes'), 0) !== bytes.length)
    return undefined;
  const reason = get('reason');
  return {
    stdout: bytes.subarray(0, stdoutBytes),
    stderr: bytes.subarray(stdoutBytes),
    isComplete: get('complete') === 'true',
    /** As in the view of a command. */
    news: {
      state: get('state'),
      exit_status: numberOr(get('exit-status'), null),
      signal: get('signal'),
      reason: reason === null ? null : decodeReason(reason),
      started_at: numberOr(get('started-at'), null),
      duration_ms: numberOr(get('duration-ms'), null),
      missing_reason: get('missing-reason'),
      missing_bytes: numberOr(get('missing-bytes'), 0),
    },
  };
}
