// Who may import whom. Each rule tells the offender what to do instead.

/** For each folder of src/, what else of ours it may see, beside itself. */
const LAYERS = {
  util: [],
  diagnostics: ['util'],
  model: ['util', 'diagnostics'],
  config: ['util', 'diagnostics', 'model'],
  load: ['util', 'diagnostics', 'model', 'config/(config|forms|schema)[.]ts$'],
  fargate: ['util', 'model', 'config/(config|schema)[.]ts$'],
  check: ['util', 'diagnostics', 'model', 'fargate', 'config/(config|schema)[.]ts$'],
  init: ['util', 'model', 'config/(schema|json-schema)[.]ts$'],
  plan: ['util', 'diagnostics', 'model', 'fargate', 'config/(config|schema)[.]ts$'],
  target: ['util', 'diagnostics', 'model', 'fargate', 'config/(config|schema)[.]ts$'],
  service: ['util', 'diagnostics', 'model'],
  engine: ['util', 'diagnostics', 'model', 'fargate', 'service', 'config/(config|schema)[.]ts$'],
  run: ['util', 'diagnostics', 'model', 'engine/engine[.]ts$'],
  store: ['util', 'model', 'run/store[.]ts$', 'engine/engine[.]ts$'],
};
const PURE = 'util|diagnostics|model|fargate|check|init|plan|target|run';
const PACKAGE_HOMES = {
  '@aws-sdk': '^src/service/aws/',
  '@smithy': '^src/service/aws/',
  yaml: '^src/util/(yaml-document|yaml-scalars|construct-yaml)[.]ts$',
  commander: '^src/cli/',
  croner: '^src/util/cron[.]ts$',
  '@inquirer/input': '^src/cli/ask[.]ts$',
  'cli-table3': '^src/cli/present/',
  zod: '^src/(config|load/[^/]+)/',
};

const inOurs = '^(src|emulator|test|bench)/';
const layerRules = Object.entries(LAYERS).map(([folder, seen]) => ({
  name: `layer-${folder}`,
  comment: `src/${folder}/ may see only ${seen.join(', ') || 'itself'}. Hand over what it needs as an argument, or move the code to the folder that owns it (docs/ARCHITECTURE.md).`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: '[.]test[.]ts$' },
  to: { path: inOurs, pathNot: [folder, ...seen].map((path) => `^src/${path}${path.endsWith('$') ? '' : '/'}`) },
}));
const packageRules = Object.entries(PACKAGE_HOMES).map(([name, home]) => ({
  name: `package-${name.replace(/\W/g, '')}`,
  comment: `${name} has one home, ${home}: add what you need of it there, in our own words.`,
  severity: 'error',
  from: { path: '^src/', pathNot: [home, '[.]test[.]ts$'] },
  to: { path: `(^|/)node_modules/${name}/` },
}));

export default {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'These files need each other, if only for types. Move what both need into a file of its own.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...layerRules,
    ...packageRules,
    {
      name: 'adapters-are-strangers',
      comment: 'An adapter never sees another one. What both need belongs to their port, to fargate/ or to service/.',
      severity: 'error',
      from: { path: '^src/(engine|target|load|service)/([^/]+)/', pathNot: '[.]test[.]ts$' },
      to: { path: '^src/$1/[^/]+/', pathNot: '^src/$1/$2/' },
    },
    {
      name: 'pure-folders-do-no-io',
      comment:
        "These folders have no files, clock, randomness or environment. Take what you need through the function's context.",
      severity: 'error',
      from: { path: `^src/(${PURE})/`, pathNot: '[.]test[.]ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'reads-are-recorded',
      comment:
        'What is found here is kept for the next time, with all that was read for it. Read through the FileReader that is handed over (src/util/file-reader.ts).',
      severity: 'error',
      from: {
        path: '^src/(config/|load/|cli/(prepare|image-content)[.]ts$)',
        pathNot: ['^src/load/(find-python|kedro/describe)[.]ts$', '[.]test[.]ts$'],
      },
      to: { path: '^(node:)?fs' },
    },
    {
      name: 'nobody-imports-cli',
      comment: 'The command line is on top. Move what you need below it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'emulator-stands-alone',
      comment:
        'Emulator and engine must not be wrong together: write it again in emulator/, from the AWS documentation.',
      severity: 'error',
      from: { path: '^emulator/', pathNot: '[.]test[.]ts$' },
      to: { path: '^(src|test)/' },
    },
    {
      name: 'src-does-not-see-the-emulator',
      comment: 'Start it as a child process: see src/cli/emulator-process.ts.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^emulator/' },
    },
    {
      name: 'not-to-tests',
      comment: 'Tests see the code, not the other way round.',
      severity: 'error',
      from: { path: '^(src|emulator)/', pathNot: '[.]test[.]ts$' },
      to: { path: '^test/|[.]test[.]ts$' },
    },
    {
      name: 'resolvable',
      comment: 'This import leads nowhere: is the package in package.json, and the file there?',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
