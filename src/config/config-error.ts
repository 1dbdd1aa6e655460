/** A setting that cannot be used: what is wrong with which value, and what to do about it. */
export class ConfigError extends Error {
  readonly hint: string;
  /** `usage`: the words on the command line. `setting`: anything that was stored or set in the environment. */
  readonly kind: 'usage' | 'setting';

  constructor(message: string, hint: string, kind: 'usage' | 'setting' = 'usage') {
    super(message);
    this.hint = hint;
    this.kind = kind;
  }
}
