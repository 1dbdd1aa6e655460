/** A group of the table: what it measures, and the rows that it adds. */
import type { Ends } from './ends.ts';
import type { Entry, Row } from './rows.ts';

export type Bench = {
  /** Few rounds of little work: shows that everything runs, and says nothing about speed. */
  isShort: boolean;
  ends: Ends;
  add: (entry: Entry) => void;
  skip: (id: string, name: string, reason: string) => void;
  /** Something did not work, and the group goes on without it: the whole run fails at its end. */
  fail: (what: string, error: unknown) => void;
  /** On stderr, while it runs. */
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
  /** What did not work. */
  failure?: string;
};
