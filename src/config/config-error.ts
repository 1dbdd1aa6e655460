/** What is wrong. `usage`: the command line. `session`: the session that it names. `setting`: a file or the environment. */
export type ConfigErrorKind = 'usage' | 'session' | 'setting';

/** An invalid setting. The message says what is wrong with which value, and the hint what to do about it. */
export class ConfigError extends Error {
  readonly hint: string;
  readonly kind: ConfigErrorKind;

  constructor(message: string, hint: string, kind: ConfigErrorKind = 'usage') {
    super(message);
    this.hint = hint;
    this.kind = kind;
  }
}
