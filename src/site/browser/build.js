// Writes ../assets/interroger.js. The same sources and the same lock file give the same bytes.
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';

const licences = ['hyparquet', 'fzstd'].map(name => {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  return `${name} ${version}\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8').trim()}`;
});

await build({
  entryPoints: ['ask.js'],
  outfile: '../assets/interroger.js',
  bundle: true,
  format: 'iife',
  target: 'es2020',
  minify: true,
  charset: 'utf8',
  legalComments: 'eof',
  banner: { js: `/*! Made by src/site/browser/build.js. It holds:\n\n${licences.join('\n\n\n')}\n*/` },
  logLevel: 'info',
});
