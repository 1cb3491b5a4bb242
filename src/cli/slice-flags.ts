import type { Pipeline } from '../model/project.ts';
import { type Slice, slicePipeline } from '../plan/slice.ts';
import { readYaml } from '../util/yaml-document.ts';
import { UsageError } from './command.ts';

/** Kedro's own flags, as written. */
export interface SliceOptions {
  readonly nodes?: string;
  readonly fromNodes?: string;
  readonly toNodes?: string;
  readonly fromInputs?: string;
  readonly toOutputs?: string;
  readonly tags?: string;
  readonly namespaces?: string;
  readonly loadVersions?: string;
  readonly params?: string;
}

/** The part of the pipeline that the flags ask for. */
export function sliceOf(pipeline: Pipeline, options: SliceOptions): Pipeline {
  const slice: Slice = {
    nodes: listOf(options.nodes),
    fromNodes: listOf(options.fromNodes),
    toNodes: listOf(options.toNodes),
    fromInputs: listOf(options.fromInputs),
    toOutputs: listOf(options.toOutputs),
    tags: listOf(options.tags),
    namespaces: listOf(options.namespaces),
  };
  const { pipeline: kept, unknown } = slicePipeline(pipeline, slice);
  if (unknown.length > 0) {
    const names = unknown.map(({ kind, name }) => `${kind} '${name}'`).join(', ');
    throw new UsageError(`the pipeline '${pipeline.name}' has no ${names}`);
  }
  if (kept.nodes.length === 0)
    throw new UsageError(
      `no node of the pipeline '${pipeline.name}' meets all that was asked for: widen one of the flags`,
    );
  return kept;
}

/** Names with commas between; those in brackets belong to a name, as in `f([a,b]) -> [c]`. */
function listOf(text: string | undefined): string[] {
  const parts = (text ?? '').match(/(?:\[[^\]]*\]|[^,[])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

/** `model.depth=5,name=x` as nested values; what stands after `=` is read as YAML, as Kedro reads it. */
export function paramsOf(text: string | undefined): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const item of (text ?? '').split(',').filter((part) => part.trim() !== '')) {
    const [, dotted, value] = /^([^=]+)=(.*)$/s.exec(item) ?? [];
    const keys = dotted?.trim().split('.') ?? [];
    const last = keys.pop();
    if (value === undefined || last === undefined || last === '')
      throw new UsageError(`--params takes key=value pairs with commas between, and '${item.trim()}' is none`);
    let place = params;
    for (const key of keys) {
      const inner = place[key];
      const map = (typeof inner === 'object' && inner !== null ? inner : {}) as Record<string, unknown>;
      place[key] = map;
      place = map;
    }
    const { value: read, errors } = readYaml(value);
    if (errors.length > 0) throw new UsageError(`--params: '${value}' is not valid YAML: ${errors[0]?.message}`);
    place[last] = read ?? null;
  }
  return params;
}

/** `dataset:version` pairs. A version may have colons of its own. */
export function loadVersionsOf(text: string | undefined): Record<string, string> {
  const pairs = listOf(text).map((item): [string, string] => {
    const [, dataset, version] = /^([^:]+):(.+)$/s.exec(item) ?? [];
    if (dataset === undefined || version === undefined)
      throw new UsageError(`--load-versions takes dataset:version pairs with commas between, and '${item}' is none`);
    return [dataset, version];
  });
  return Object.fromEntries(pairs);
}
