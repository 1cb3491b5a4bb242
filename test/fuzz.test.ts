import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import picocolors from 'picocolors';
import { UsageError } from '../src/cli/command.ts';
import type { Diagnostic } from '../src/diagnostics/diagnostic.ts';
import { renderGithub } from '../src/diagnostics/render/github.ts';
import { renderJson } from '../src/diagnostics/render/json.ts';
import { renderPretty } from '../src/diagnostics/render/pretty.ts';
import { renderSarif } from '../src/diagnostics/render/sarif.ts';
import { lineText, positionAt, type Span } from '../src/diagnostics/span.ts';
import { moveCatalog } from '../src/init/move-catalog.ts';
import { settingsFile } from '../src/init/settings-file.ts';
import { readYaml } from '../src/util/yaml-document.ts';
import { EXAMPLE, root } from './support/cli.ts';
import { findingsOf, loadCase } from './support/findings.ts';
import { goldenCases } from './support/golden.ts';
import { changes, mutate } from './support/mutate.ts';
import { makeDataset } from './support/random-pipeline.ts';

const MUTATIONS = 2000;
const SEED = Number(process.env['FUZZ_SEED'] ?? 20261125);
/** Seconds of CPU that no case may take: most take a hundredth of it. */
const LONGEST = 2;

interface Original {
  readonly folder: string;
  /** Of the mutated file, in the folder. */
  readonly file: string;
  readonly text: string;
}

/** Every YAML file of the golden cases and of two whole projects. */
function originals(scratch: string): Original[] {
  const cases = goldenCases(join(root, 'test', 'golden', 'check')).map(({ name, folder }) => {
    const copy = join(scratch, name);
    cpSync(folder, copy, { recursive: true });
    return copy;
  });
  const loadable = cases.filter((folder) =>
    ['description.json', 'pipeline.yml'].some((name) => existsSync(join(folder, name))),
  );
  return [...loadable, bikeHire(scratch), ferryTimes(scratch)].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /(wherry|airflow[^/]*|pipeline|catalog[^/]*)\.ya?ml$/.test(name))
      .sort()
      .flatMap((file) => {
        const text = readFileSync(join(folder, file), 'utf8');
        // The more stands in it, the more often it is taken.
        return Array.from({ length: Math.ceil(text.length / 300) }, () => ({ folder, file, text }));
      }),
  );
}

/** The example's own catalog, with settings in which every key is set. */
function bikeHire(scratch: string): string {
  const folder = join(scratch, 'bike-hire');
  cpSync(join(EXAMPLE, 'conf'), join(folder, 'conf'), { recursive: true });
  const every = settingsFile({ execution_engine: { type: 'aws-fargate' } }).replace(/^( *)#( *[a-z_]+:)/gm, '$1$2');
  writeFileSync(join(folder, 'conf', 'base', 'wherry.yml'), every);
  const nodes = {
    clean: { inputs: ['rentals_harbour', 'station_list', 'params:seed'], outputs: ['rentals', 'stations'] },
    train: { inputs: ['rentals'], outputs: ['demand.model', 'features'] },
    report: { inputs: ['features', 'demand.model'], outputs: ['demand.station_report'] },
  };
  const datasets = {
    rentals_harbour: { path: 'data/01_raw/rentals/harbour.csv', pattern: 'rentals_{district}' },
    station_list: { path: 'data/01_raw/stations.csv' },
    rentals: { path: 'data/02_intermediate/rentals.csv' },
    stations: { path: 'data/02_intermediate/stations.csv' },
    'demand.model': { path: 'data/06_models/demand.pkl', versioned: true },
    'demand.station_report': { path: 'data/08_reporting/demand_station.csv', pattern: '{namespace}.{name}_report' },
  };
  writeFileSync(join(folder, 'description.json'), JSON.stringify({ nodes, datasets }));
  return folder;
}

function ferryTimes(scratch: string): string {
  const folder = join(scratch, 'ferry-times');
  cpSync(join(root, 'examples', 'ferry-times'), folder, { recursive: true });
  return folder;
}

/** The entries of a catalog that can be read are moved, and what is written can be read. */
function moveAll(text: string): void {
  const { value, errors } = readYaml(text);
  const entries = errors.length === 0 && typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const datasets = entries.map(([name, entry]) => makeDataset(name, { kind: 'local', path: String(entry?.filepath) }));
  const { files, left } = moveCatalog({ own: [], base: [{ path: 'catalog.yml', text }], datasets, bucket: 's3://b' });
  for (const file of files) {
    const moved = readYaml(file.text);
    assert.deepEqual(moved.errors, [], file.text);
    assert.equal(Object.keys(moved.value as object).length >= datasets.length - left.length, true);
  }
}

/** All that a command would look up or print of a project. */
async function useAll(folder: string): Promise<readonly Diagnostic[]> {
  const diagnostics = await findingsOf(folder);
  renderPretty(diagnostics, picocolors.createColors(true));
  for (const rendered of [renderJson(diagnostics), renderSarif(diagnostics, '0')]) JSON.stringify(rendered);
  renderGithub(diagnostics);
  const loaded = await loadCase(folder);
  if (loaded.kind !== 'loaded') return diagnostics;
  const datasets = [...loaded.project.catalog.values()];
  for (const span of datasets.flatMap((dataset) => [
    loaded.locateDataset(dataset),
    loaded.locateDataset(dataset, dataset.pathKey),
  ]))
    assertPlaced(span);
  for (const { span } of loaded.secretsInCatalog()) assertPlaced(span);
  return diagnostics;
}

function assertPlaced(span: Span | undefined): void {
  if (span === undefined) return;
  const { file, start, end } = span;
  assert.ok(
    0 <= start && start <= file.text.length && start <= end && end <= file.text.length + 1,
    `${file.path}: ${start}-${end}`,
  );
  const { line, column } = positionAt(file, start);
  assert.ok(
    line >= 1 && column >= 1 && column <= [...lineText(file, line)].length + 1,
    `${file.path}:${line}:${column}`,
  );
}

test(`fuzz: ${MUTATIONS} mutations of valid settings, pipelines and catalogs give findings in their places, no crash and no hang`, async (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'wherry-fuzz-'));
  const files = originals(scratch);
  const counts = { findings: 0, silent: 0, refused: 0 };
  const kinds = new Map<string, number>();
  let slowest = 0;
  const samples = fc.sample(fc.tuple(fc.nat(), changes), { numRuns: MUTATIONS, seed: SEED });
  for (const [pick, list] of samples) {
    const { folder, file, text } = files[pick % files.length] as Original;
    kinds.set(basename(file), (kinds.get(basename(file)) ?? 0) + 1);
    const mutated = mutate(text, list);
    writeFileSync(join(folder, file), mutated);
    const before = process.cpuUsage();
    try {
      const diagnostics = await useAll(folder);
      if (file.includes('catalog')) moveAll(mutated);
      for (const { span, notes } of diagnostics)
        for (const place of [span, ...notes.map((note) => note.span)]) assertPlaced(place);
      counts[diagnostics.length > 0 ? 'findings' : 'silent']++;
    } catch (error) {
      // One sentence for the user, such as a pipeline without nodes.
      if (!(error instanceof UsageError))
        throw new Error(`${folder}/${file}: ${JSON.stringify(mutated)}`, { cause: error });
      counts.refused++;
    }
    const { user, system } = process.cpuUsage(before);
    slowest = Math.max(slowest, (user + system) / 1e6);
    writeFileSync(join(folder, file), text);
  }
  t.diagnostic(
    `seed ${SEED}: ${JSON.stringify({ ...counts, ...Object.fromEntries(kinds) })}, slowest ${slowest.toFixed(2)} s of CPU`,
  );
  assert.deepEqual(Object.keys(Object.prototype), []);
  assert.ok(slowest < LONGEST, `${slowest} s of CPU`);
  rmSync(scratch, { recursive: true });
});
