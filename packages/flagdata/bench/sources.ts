/** A package of Debian 12 with text in it. */
interface Source {
  name: string
  language: string
  licence: string
}

const several = (licence: string, name: (code: string) => string, codes: string): Source[] =>
  codes.split(' ').map((code) => ({ name: name(code), language: code, licence }))
const english = (licence: string, names: string): Source[] =>
  names.split(' ').map((name) => ({ name, language: 'en', licence }))

/** Where the text of the benches comes from, in the order in which it is taken. */
export const sources: readonly Source[] = [
  ...english('CC-BY-SA-3.0 and GFDL-1.3', 'cppreference-doc-en-html'),
  ...english('PSF-2.0', 'python3.11-doc'),
  ...english('GPL-2.0', 'linux-doc-6.1'),
  ...english('PostgreSQL', 'postgresql-doc-15'),
  ...several(
    'MPL-2.0',
    (code) => `libreoffice-help-${code}`,
    'en-us de fr es it pt-br pt ru ja ko zh-cn zh-tw pl nl cs da el hu sv tr vi fi ca eu gl hi id km nb sk sl et',
  ),
  ...english('MIT or Apache-2.0', 'rust-doc'),
  ...english('GPL-2.0 with Classpath exception', 'openjdk-17-doc'),
  ...english('GFDL-1.3', 'qtbase5-doc-html qtdeclarative5-doc-html qtcreator-doc'),
  ...english('BSL-1.0', 'libboost1.81-doc'),
  ...english('GFDL-1.3', 'libstdc++-12-doc'),
  ...several('GPL-2.0', (code) => `debian-reference-${code}`, 'en de fr es it ja pt zh-cn zh-tw'),
  ...several('GFDL-1.2', (code) => `gimp-help-${code}`, 'en de es fr it ja ko nl nn pt ru sv el'),
  { name: 'debian-handbook', language: 'multilingual', licence: 'CC-BY-SA-3.0 or GPL-2.0' },
  { name: 'installation-guide-amd64', language: 'multilingual', licence: 'GPL-2.0' },
  { name: 'gnome-user-docs', language: 'multilingual', licence: 'CC-BY-SA-3.0' },
  { name: 'live-manual-html', language: 'multilingual', licence: 'GPL-3.0' },
  ...english('Apache-2.0', 'apache2-doc erlang-doc'),
  ...english('MIT', 'nodejs-doc'),
  ...english('Artistic or GPL-1.0', 'perl-doc'),
  ...english('public domain', 'sqlite3-doc'),
]
