/** A model whose weights were published. */
export interface PublishedModel<Config> {
  /** On the Hugging Face hub. */
  readonly repository: string
  /** Path of the weights in the repository. */
  readonly file: string
  readonly config: Config
}

/** The published model that a file's name, whatever folder it is in, or a name without its ending stands for. */
export function publishedModelOf<Config>(
  models: Readonly<Record<string, PublishedModel<Config>>>,
  fileOrName: string,
): PublishedModel<Config> | undefined {
  if (Object.hasOwn(models, fileOrName)) return models[fileOrName]
  const base = (path: string) => path.split(/[\\/]/).pop()
  return Object.values(models).find(({ file }) => base(file) === base(fileOrName))
}
