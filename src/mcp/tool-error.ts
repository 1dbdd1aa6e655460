/** What went wrong in a tool, and what to do about it: for a model, and for the person behind it. */
export class ToolError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
