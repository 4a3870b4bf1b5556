/**
 * Which part may know which. `npm run check:dependencies` fails on any breach.
 * @type {import('dependency-cruiser').IConfiguration}
 */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'Two files that need each other are one file, or a third one is missing. The exception is the families of ' +
        'operators: the gradient of a sum is an expansion, and the gradient of an expansion is a sum.',
      severity: 'error',
      from: {},
      to: { circular: true, via: { pathNot: '^packages/core-tensor/src/ops/' } },
    },
    {
      name: 'packages-flow-one-way',
      comment: 'core-tensor is the ground floor: it knows no other package.',
      severity: 'error',
      from: { path: '^packages/core-tensor/' },
      to: { path: '^packages/(?!core-tensor/)' },
    },
    {
      name: 'report-knows-no-tool',
      comment: 'The viewer knows its contract alone; whoever has something to show depends on it.',
      severity: 'error',
      from: { path: '^packages/report/' },
      to: { path: '^packages/(?!report/)' },
    },
    {
      name: 'report-view-knows-types-alone',
      comment: 'What runs in the page takes nothing but types from what runs in Node.',
      severity: 'error',
      from: { path: '^packages/report/view/' },
      to: { path: '^packages/report/src/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'packages-through-their-entry',
      comment: 'One package uses another by its published name, never by a path into its sources.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/(?!$1/)[^/]+/', dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'tensors-know-only-errors',
      comment: 'Tensors are plain data: no graph, no runtime, no files.',
      severity: 'error',
      from: { path: '^packages/core-tensor/src/tensor/' },
      to: { path: '^packages/core-tensor/src/(?!tensor/|errors\\.ts)' },
    },
    {
      name: 'graphs-know-no-runtime',
      comment: 'A graph can be built, differentiated, written and read without running anything.',
      severity: 'error',
      from: { path: '^packages/core-tensor/src/(graph|ops|grad|onnx)/', pathNot: '\\.test\\.ts$|/testing/' },
      to: { path: '^packages/core-tensor/src/(runtime|train)/' },
    },
    {
      name: 'command-line-on-top',
      comment: 'The library never calls its command line.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src/(?!cli/)' },
      to: { path: '^packages/$1/src/cli/' },
    },
    {
      name: 'tests-are-leaves',
      comment: 'Nothing that is shipped imports a test.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: '\\.test\\.ts$|/testing/' },
      to: { path: '\\.test\\.ts$|/testing/|^tools/' },
    },
    {
      name: 'declared-dependencies',
      comment: 'What the shipped sources import is in the dependencies of their package.json.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: '\\.test\\.ts$|/testing/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only', 'npm-peer'],
      },
    },
    {
      name: 'resolvable',
      comment:
        'Every import leads somewhere. What a peer of a bench needs is installed only where that bench is run.',
      severity: 'error',
      from: { pathNot: '^packages/flagai/bench/transformersjs/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/|^tools/(emoji|node24)/node_modules|^packages/flagai/bench/transformersjs/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
}
