/** The error and the hint of a run that failed with 255. */
export function readFailure(stderr: string): { error: string | undefined; hint: string | undefined } {
  return {
    error: /^remotify: error: (.*)$/m.exec(stderr)?.[1],
    hint: /^remotify: hint: (.*)$/m.exec(stderr)?.[1],
  };
}
