/** The interface of a benchmark group, which measures something and adds rows to the table. */
import type { Ends } from './ends.ts';
import type { Entry, Row } from './rows.ts';

export type Bench = {
  /** Few rounds of little work: checks that everything runs; the figures do not show the speed. */
  isShort: boolean;
  ends: Ends;
  add: (entry: Entry) => void;
  skip: (id: string, name: string, reason: string) => void;
  /** Records a failure. The group continues without that part; the run exits with status 1 at its end. */
  fail: (what: string, error: unknown) => void;
  /** Prints progress on stderr. */
  say: (text: string) => void;
};

export type Group = {
  name: string;
  title: string;
  /** How its figures were measured. */
  notes: readonly string[];
  run: (bench: Bench) => Promise<void>;
};

export type GroupResult = {
  name: string;
  title: string;
  notes: readonly string[];
  rows: Row[];
  /** The failures, if any. */
  failure?: string;
};
