import type { Location, Log } from 'sarif';
import { CODES } from '../codes.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { positionAt, type Span } from '../span.ts';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

/** A SARIF 2.1.0 log (OASIS, docs.oasis-open.org/sarif/sarif/v2.1.0), as code scanning services take it. */
export function renderSarif(diagnostics: readonly Diagnostic[], version: string): Log {
  const used = [...new Set(diagnostics.map(({ code }) => code))].sort();
  const rules = used.map((code) => ({
    id: code,
    shortDescription: { text: CODES[code].title },
    defaultConfiguration: { level: CODES[code].severity },
  }));
  const results = diagnostics.map(({ code, severity, message, why, help, span, notes }) => ({
    ruleId: code,
    ruleIndex: used.indexOf(code),
    level: severity,
    message: { text: [message, why, help].filter(Boolean).join('\n') },
    ...(span === undefined ? {} : { locations: [location(span)] }),
    relatedLocations: notes.flatMap((note) =>
      note.span === undefined ? [] : [{ ...location(note.span), message: { text: note.message } }],
    ),
  }));
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'wherry', version, rules } }, columnKind: 'unicodeCodePoints', results }],
  };
}

function location({ file, start, end }: Span): Location {
  const [from, to] = [positionAt(file, start), positionAt(file, end)];
  return {
    physicalLocation: {
      artifactLocation: { uri: file.path.split('/').map(encodeURIComponent).join('/') },
      region: { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column },
    },
  };
}
