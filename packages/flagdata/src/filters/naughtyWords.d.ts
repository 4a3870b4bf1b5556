declare module 'naughty-words' {
  /** Words by language code. */
  const lists: Record<string, string[]>
  export default lists
}
