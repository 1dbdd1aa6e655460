/** One change of one file. */
export interface Mutant {
  name: string;
  /** Stands in its file exactly once. */
  from: string;
  to: string;
}
