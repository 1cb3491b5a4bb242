import { join } from 'node:path';
import { type SourceFile, type Span, spanOfLine } from '../../diagnostics/span.ts';
import type { Node, Project } from '../../model/project.ts';
import type { FileReader } from '../../util/file-reader.ts';

/** The line where a node's function is defined. */
export function nodeLocator({ root }: Project, reader: FileReader): (node: Node) => Span | undefined {
  const files = new Map<string, SourceFile | undefined>();
  const read = (path: string): SourceFile | undefined => {
    const text = reader.text(join(root, path));
    return text === undefined ? undefined : { path, text };
  };
  return ({ source }) => {
    if (source === undefined) return undefined;
    if (!files.has(source.file)) files.set(source.file, read(source.file));
    const file = files.get(source.file);
    return file && spanOfLine(file, source.line);
  };
}
