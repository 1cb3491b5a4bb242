import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ignore from 'ignore';
import type { ImageContent } from '../check/rule.ts';
import type { Project } from '../model/project.ts';

/** What an image that is built from the project's folder will not hold, by its ignore files. */
export async function imageContent({ root, confSource, env }: Project): Promise<ImageContent> {
  const read = (name: string) => readFile(join(root, name), 'utf8').catch(() => '');
  const rules = [
    { file: '.dockerignore' as const, matcher: ignore().add(await read('.dockerignore')) },
    { file: '.gitignore' as const, matcher: ignore().add(await read('.gitignore')) },
  ];
  const leftOutBy: ImageContent['leftOutBy'] = (path) => {
    const plain = path.replace(/^\.\//, '');
    if (plain === '' || plain.startsWith('/') || plain.startsWith('../')) return undefined;
    return rules.find(({ matcher }) => matcher.ignores(plain))?.file;
  };
  const folder = join(confSource, env);
  const files = await readdir(join(root, folder), { recursive: true }).catch(() => []);
  const reasons = files.map((file) => leftOutBy(join(folder, file)));
  return { leftOutBy, envLeftOutBy: reasons.every((reason) => reason !== undefined) ? reasons[0] : undefined };
}
