/** One defect: one change of one source file. */
export interface Mutant {
  name: string;
  /** This text is in its file exactly once. */
  from: string;
  to: string;
  /** The defect only shows while calls to the disk take time. */
  needsSlowDisk?: boolean;
}
