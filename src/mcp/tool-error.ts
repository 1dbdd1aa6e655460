/** The error of a tool, with a message and a hint for the model and its user. */

/**
 * `input`: the model can fix the call or the situation itself. `trouble`: a failure of the relay, the network or the settings; the model
 * must report it to the user.
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
