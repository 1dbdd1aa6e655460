/** One change of one file. */
export interface Mutant {
  name: string;
  /** This text is in its file exactly once. */
  from: string;
  to: string;
  /** It does harm only while calls to the disk take time. */
  needsSlowDisk?: boolean;
}
