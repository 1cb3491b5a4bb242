import { resolve } from 'node:path';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { SourceFile, Span } from '../diagnostics/span.ts';
import { findPython } from '../load/find-python.ts';
import type { Plan } from '../model/plan.ts';
import { recorder } from '../store/recorder.ts';
import type { FileReader } from '../util/file-reader.ts';
import { answerCache } from './answer-cache.ts';
import type { Host } from './host.ts';
import type { PrepareOptions } from './prepare.ts';
import { projectFolder } from './project-folder.ts';

/** What `check` and `plan` print: the part of a preparation that can be kept. */
export type Answer =
  | { readonly ready: true; readonly prepared: Findings & { readonly plan: Plan; readonly spill: string | undefined } }
  | ({ readonly ready: false } & Findings);

interface Findings {
  readonly diagnostics: readonly Diagnostic[];
}

/** Options that say how an answer is shown, or are in the question under another name. */
const NOT_ASKED = ['format', 'color', 'cache', 'project', 'verbose'];

/**
 * The plan and what is wrong with it, as files and variables decide: what an account or a clock says belongs elsewhere.
 * Where nothing has changed nothing is loaded: no Python, no YAML, no code for it.
 */
export async function answer(options: PrepareOptions, host: Host): Promise<Answer> {
  const root = await projectFolder(options, host);
  const cache = answerCache(root, options, host);
  const { found } = await findPython({ root, asked: options.python, variables: host.env });
  const asked = Object.entries(options).filter(([name]) => !NOT_ASKED.includes(name));
  const snapshot = options.snapshot && resolve(host.cwd, options.snapshot);
  const question = { what: 'answer', ...Object.fromEntries(asked), snapshot, root, python: found?.path };
  const { files } = recorder(host.env);
  const kept = cache?.find(question);
  if (kept !== undefined) {
    host.tell('nothing has changed: the answer is the one that was kept (--no-cache asks anew)');
    return unpack(kept.answer, root, files);
  }

  const { prepare } = await import('./prepare.ts');
  const { inputs, ...preparation } = await prepare(options, host);
  const packed = inputs && pack(preparation, root, files);
  if (inputs !== undefined && packed !== undefined) await cache?.keep(question, packed, inputs);
  return preparation;
}

interface Packed {
  readonly plan?: Plan;
  readonly spill?: string | undefined;
  readonly diagnostics: readonly PackedDiagnostic[];
}

type PackedSpan = Omit<Span, 'file'> & { readonly file: string };
type PackedDiagnostic = Placed<PackedSpan>;

type Placed<Place> = Omit<Diagnostic, 'span' | 'notes'> & {
  readonly span?: Place | undefined;
  readonly notes: readonly { readonly message: string; readonly span?: Place | undefined }[];
};

/** Without the texts of the files that it points into; undefined where one of them is not to be found again. */
function pack(answer: Answer, root: string, files: FileReader): string | undefined {
  const { diagnostics, ...rest } = answer.ready ? answer.prepared : answer;
  const places = diagnostics.flatMap(({ span, notes }) => [span, ...notes.map((note) => note.span)]);
  const sources = new Set(places.flatMap((place) => place?.file ?? []));
  for (const { path, text } of sources) if (files.text(resolve(root, path)) !== text) return undefined;
  const packed: Packed = {
    ...('plan' in rest && { plan: rest.plan, spill: rest.spill }),
    diagnostics: diagnostics.map((found) => moved(found, (span) => ({ ...span, file: span.file.path }))),
  };
  return JSON.stringify(packed);
}

function unpack(text: string, root: string, files: FileReader): Answer {
  const { plan, spill, ...packed } = JSON.parse(text) as Packed;
  const sources = new Map<string, SourceFile>();
  const source = (path: string): SourceFile => {
    const found = sources.get(path) ?? { path, text: files.text(resolve(root, path)) ?? '' };
    sources.set(path, found);
    return found;
  };
  const diagnostics = packed.diagnostics.map((found) => moved(found, (span) => ({ ...span, file: source(span.file) })));
  return plan === undefined ? { ready: false, diagnostics } : { ready: true, prepared: { plan, spill, diagnostics } };
}

function moved<From, To>({ span, notes, ...rest }: Placed<From>, move: (place: From) => To): Placed<To> {
  const to = (place: From | undefined) => place && move(place);
  return { ...rest, span: to(span), notes: notes.map((note) => ({ ...note, span: to(note.span) })) };
}
