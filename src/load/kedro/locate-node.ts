import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SourceFile, type Span, spanOfLine } from '../../diagnostics/span.ts';
import type { Node, Project } from '../../model/project.ts';

/** The line where a node's function is defined. */
export function nodeLocator({ root }: Project): (node: Node) => Span | undefined {
  const files = new Map<string, SourceFile | undefined>();
  return ({ source }) => {
    if (source === undefined) return undefined;
    if (!files.has(source.file)) files.set(source.file, readSource(root, source.file));
    const file = files.get(source.file);
    return file && spanOfLine(file, source.line);
  };
}

function readSource(root: string, path: string): SourceFile | undefined {
  try {
    return { path, text: readFileSync(join(root, path), 'utf8') };
  } catch {
    return undefined;
  }
}
