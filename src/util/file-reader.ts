/** Reads files for an answer that may be kept: whoever hands one out can tell what the answer was made from. */
export interface FileReader {
  /** Undefined where there is no file that can be read. */
  text(path: string): string | undefined;
  /** What is in a folder, folders with a `/` at the end; nothing where there is no folder. */
  names(folder: string): readonly string[];
  kind(path: string): 'file' | 'folder' | 'other' | 'absent';
}

/** All that is below a folder, relative to it. */
export function namesBelow(files: FileReader, folder: string): string[] {
  return files.names(folder).flatMap((name) => {
    if (!name.endsWith('/')) return [name];
    const sub = name.slice(0, -1);
    return [sub, ...namesBelow(files, `${folder}/${sub}`).map((inner) => name + inner)];
  });
}
