import { join, resolve } from 'node:path';
import ignore from 'ignore';
import type { ImageContent } from '../check/rule.ts';
import type { Project } from '../model/project.ts';
import { dockerIgnore } from '../util/docker-ignore.ts';
import { type FileReader, namesBelow } from '../util/file-reader.ts';

/** What Kedro reads of an environment by its own patterns; credentials have a rule of their own. */
const READ_BY_KEDRO = /(^|\/)(catalog|parameters|globals)[^/]*(\/.*)?\.(ya?ml|json)$/;

/** What an image that is built from the project's folder will not hold, by its ignore files. */
export function imageContent({ root, confSource, env, baseEnv }: Project, files: FileReader): ImageContent {
  const read = (name: string) => files.text(join(root, name)) ?? '';
  const rules = [
    { file: '.dockerignore' as const, matcher: dockerIgnore(read('.dockerignore')) },
    { file: '.gitignore' as const, matcher: ignore().add(read('.gitignore')) },
  ];
  const leftOutBy: ImageContent['leftOutBy'] = (path) => {
    const plain = path.replace(/^\.\//, '');
    if (!ignore.isPathValid(plain)) return undefined;
    return rules.find(({ matcher }) => matcher.ignores(plain))?.file;
  };
  const filesOf = (folder: string) => {
    const names = namesBelow(files, join(root, confSource, folder));
    return names.sort().map((name) => join(confSource, folder, name));
  };
  const [own, base] = [filesOf(env), filesOf(baseEnv)];
  const reasons = own.map((file) => leftOutBy(file));
  const envLeftOutBy = reasons.every((reason) => reason !== undefined) ? reasons[0] : undefined;
  const needed = [...new Set([...base, ...(envLeftOutBy === undefined ? own : [])])];
  return {
    leftOutBy,
    envLeftOutBy,
    confLeftOut: needed.flatMap((path) => {
      const by = READ_BY_KEDRO.test(path) ? leftOutBy(path) : undefined;
      return by === undefined ? [] : { path, by };
    }),
    isThere: (path) => files.kind(resolve(root, path)) !== 'absent',
  };
}
