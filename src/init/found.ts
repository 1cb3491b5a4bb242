import type { Project } from '../model/project.ts';
import { count } from '../util/count.ts';

/** What `wherry init` saw before it wrote anything. */
export interface Found {
  /** Undefined where it cannot be loaded. */
  readonly project: Project | undefined;
  /** Where the project's code is kept: `origin` of git, without credentials. */
  readonly origin: { readonly host: string; readonly repository: string } | undefined;
  readonly hasDockerfile: boolean;
  /** Files of kedro-airflow-k8s, relative to the project. */
  readonly airflowK8s: readonly string[];
}

/** One line a thing, for the user to compare with what is meant. */
export function describeFound({ project, origin, hasDockerfile, airflowK8s }: Found): string[] {
  return [
    ...(project === undefined
      ? ['The project cannot be loaded (`wherry check` says why): what follows is written without a look at it.']
      : [...describePipelines(project), describeData(project)]),
    ...(origin === undefined ? [] : [`git: ${origin.repository} on ${origin.host}`]),
    hasDockerfile
      ? 'Dockerfile: there'
      : 'Dockerfile: none. The image needs the project, its requirements and Python; it need not know of Wherry.',
    ...airflowK8s.map((file) => `${file}: is read as it stands; --from ${file} writes it as a wherry.yml`),
  ];
}

function describePipelines({ packageName, pipelines }: Project): string[] {
  const all = new Map([...pipelines.values()].flatMap(({ nodes }) => nodes.map((node) => [node.name, node])));
  const nodes = [...all.values()];
  const namespaces = [...new Set(nodes.flatMap(({ namespace }) => namespace?.split('.')[0] ?? []))].sort();
  const alone = nodes.filter(({ namespace }) => namespace === undefined).length;
  const named = [...pipelines.keys()].filter((name) => name !== '__default__').sort();
  return [
    `project: ${packageName}, ${count(nodes.length, 'node')}${named.length > 0 ? `; pipelines ${listOf(named)}` : ''}`,
    ...(namespaces.length === 0
      ? []
      : [
          `namespaces: ${listOf(namespaces)}${alone > 0 ? ` (and ${count(alone, 'node')} in none)` : ''}; --grouping namespace gives each a container`,
        ]),
  ];
}

function describeData({ catalog }: Project): string {
  const of = (kind: string) => [...catalog.values()].filter((dataset) => dataset.kind === kind).length;
  return `catalog: ${count(of('local'), 'dataset')} on this machine, ${of('remote')} elsewhere, ${of('memory')} in memory`;
}

/** As many as fit a line. */
function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ');
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}

/** `git@host:team/name.git`, `https://user:token@host/team/name`: host and name alone. */
export function originOf(url: string): Found['origin'] {
  const { host, path } =
    /^(?:\w+:\/\/)?(?:[^@/]*@)?(?<host>\w[\w.-]*)(?::\d+)?[:/](?<path>.+)$/.exec(url)?.groups ?? {};
  const repository = path
    ?.replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split('/')
    .at(-1);
  return host && repository ? { host, repository } : undefined;
}
