import type { ConfigValues } from '../config/schema.ts';
import type { Plan } from '../model/plan.ts';

/** A task definition that tasks of a plan run in: those whose `image` is this one. */
export interface NeededDefinition {
  /** Null for a family that is the user's. */
  readonly image: string | null;
  /** Of a user's family it may be `family:revision` or an ARN as well. */
  readonly family: string;
}

/**
 * The definitions that a plan needs. Fargate takes an image from a definition only, so there is one for each image: the
 * settings' has the project's plain name, one that a node names for itself a name by its repository.
 */
export function neededDefinitions(
  plan: Plan,
  settings: ConfigValues,
  sha256: (text: string) => string,
): NeededDefinition[] {
  const { task_definition: users } = settings.execution_engine;
  if (users !== undefined) return [{ image: null, family: users }];
  const images = [...new Set(plan.tasks.flatMap(({ image }) => image ?? []))];
  return images.map((image) => ({ image, family: familyOf(image) }));

  function familyOf(image: string): string {
    if (image === settings.image) return `wherry-${plan.project}`;
    // A new tag is a new revision of the same family, unless both tags are in use at once.
    const isOnly = images.filter((other) => repository(other) === repository(image)).length === 1;
    return `wherry-${plan.project}-${sha256(isOnly ? repository(image) : image).slice(0, 8)}`;
  }
}

/** An image's name without tag and digest. The colon of a registry's port is before a slash. */
function repository(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}
