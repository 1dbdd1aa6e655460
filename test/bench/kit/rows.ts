/** Rows of the table: a measured figure, its ratio to another figure of the same rounds, and a goal for one of the two. */
import { ratiosOf, type Spread, spreadOf } from './figures.ts';

/** A goal for the ratio if the row has one, otherwise for the figure. */
export type Goal = { atMost: number } | { atLeast: number };

export type Row = {
  /** Must not change, as the history compares rows by id. */
  id: string;
  name: string;
  unit: string;
  figure?: Spread;
  /** The name of the denominator of the ratio. */
  base?: string;
  ratio?: Spread;
  goal?: string;
  isMet?: boolean;
  /** Why there is no figure. */
  skipped?: string;
};

export type Entry = {
  id: string;
  name: string;
  unit: string;
  /** One value per round. */
  values: readonly number[];
  base?: { name: string; values: readonly number[] };
  goal?: Goal;
  /** The goal is for the figure, even if there is a ratio. */
  isGoalOfFigure?: boolean;
};

function describeGoal(goal: Goal, unit: string): string {
  const [sign, value] = 'atMost' in goal ? ['≤', goal.atMost] : ['≥', goal.atLeast];
  return `${sign} ${value.toLocaleString('en')} ${unit}`;
}

function isWithin(goal: Goal, value: number): boolean {
  return 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast;
}

export function makeRow({ id, name, unit, values, base, goal, isGoalOfFigure = false }: Entry): Row {
  const figure = spreadOf(values);
  const ratio = base && spreadOf(ratiosOf(values, base.values));
  const judged = (isGoalOfFigure ? undefined : ratio) ?? figure;
  return {
    id,
    name,
    unit,
    figure,
    ...(base && ratio && { base: base.name, ratio }),
    ...(goal && {
      goal: describeGoal(goal, judged === ratio ? '×' : unit),
      isMet: isWithin(goal, judged.median),
    }),
  };
}
