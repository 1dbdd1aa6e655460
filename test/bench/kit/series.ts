/** Measures several sides of a comparison in alternating rounds: A B A B. */

/** One figure or several, by name. */
type Figures = Record<string, number>;

export type Side<Name extends string = string> = { name: Name; measure: () => Promise<Figures> };

export type Measured = {
  /** The values of one side, in the order of the rounds. Empty if the side was not measured. */
  of: (side: string, figure?: string) => number[];
};

/** The first `warmUps` rounds are not counted. */
export async function alternate(
  sides: readonly Side[],
  { rounds, warmUps = 0 }: { rounds: number; warmUps?: number },
): Promise<Measured> {
  const all = new Map<string, number[]>();
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const { name, measure } of sides) {
      const figures = await measure();
      if (round < 0) continue;
      for (const [figure, value] of Object.entries(figures)) {
        const id = `${name}/${figure}`;
        all.set(id, [...(all.get(id) ?? []), value]);
      }
    }
  }
  return { of: (side, figure = 'ms') => all.get(`${side}/${figure}`) ?? [] };
}
