import type { AddCase, Look } from "../lab.js";

/** Tests of fields of a recipe's spec that look at the same deployments, one a field. */
export class Scene<Trial, Seen> {
  /** Paths of the fields, e.g. `image.tag`. */
  readonly covers: string[] = [];
  private readonly looks: Look<Seen>[] = [];

  /** @param lacks what this host does not have and it needs */
  constructor(
    private readonly play: (trial: Trial) => Promise<Seen>,
    private readonly lacks: string | null = null,
  ) {}

  /** @param covers paths of a field, or of a few that mean nothing without each other, with spaces between them */
  shows(covers: string, name: string, look: (seen: Seen) => void = () => {}): this {
    const paths = covers.split(" ");
    this.covers.push(...paths);
    this.looks.push({ name: `${paths.join(", ")}: ${name}`, look });
    return this;
  }

  addTo(add: AddCase<Trial>): void {
    add.together(this.play, this.looks, { lacks: this.lacks });
  }
}
