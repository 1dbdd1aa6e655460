/** What went wrong in a tool, and what to do about it: for a model, and for the person behind it. */

/**
 * `input`: the model can correct the call, or the situation, by itself. `trouble`: the relay, the network or the settings; a person has
 * to know.
 */
export type ErrorKind = 'input' | 'trouble';

export class ToolError extends Error {
  readonly kind: ErrorKind;
  readonly hint: string;

  constructor(kind: ErrorKind, message: string, hint: string) {
    super(message);
    this.kind = kind;
    this.hint = hint;
  }
}
