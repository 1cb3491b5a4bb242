import type { Node } from './project.ts';

/** The names under which settings speak of a node besides its own, most specific first: tags, namespaces from the inside. */
export function otherNamesOf({ tags, namespace }: Node): string[] {
  const namespaces = namespace?.split('.').map((_, index, parts) => parts.slice(0, parts.length - index).join('.'));
  return [...tags.map(resourceOfTag), ...(namespaces ?? [])];
}

/** kedro-airflow-k8s gives `resources.big` to nodes tagged `resources:big`, which Kedro 0.19 made `resources.big`. */
function resourceOfTag(tag: string): string {
  return /^resources[:.](.+)$/.exec(tag)?.[1] ?? tag;
}
