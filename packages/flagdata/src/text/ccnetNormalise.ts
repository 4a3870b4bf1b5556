/** Signs of other scripts and their ASCII counterparts, as CCNet lists them (`１` for a quotation mark included). */
const PUNCTUATION: Record<string, string> = {
  ...{ '，': ',', '。': '.', '、': ',', '„': '"', '”': '"', '“': '"', '«': '"', '»': '"', '１': '"' },
  ...{ '」': '"', '「': '"', '《': '"', '》': '"', '´': "'", '∶': ':', '：': ':', '？': '?', '！': '!' },
  ...{ '（': '(', '）': ')', '；': ';', '–': '-', '—': ' - ', '．': '. ', '～': '~', '’': "'", '…': '...' },
  ...{ '━': '-', '〈': '<', '〉': '>', '【': '[', '】': ']', '％': '%', '►': '-' },
}
const punctuation = new RegExp(`[${Object.keys(PUNCTUATION).join('')}]`, 'g')
const control = /\p{Cc}/gu

/**
 * A line as CCNet shows it to its language models: lower case, no accents, every digit 0, punctuation in ASCII, no
 * control characters.
 *
 * Source: Wenzek et al. 2020, CCNet (https://arxiv.org/abs/1911.00359), and the normaliser of its program
 */
export const ccnetNormalise = (line: string): string =>
  line
    .trim()
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .replace(/\p{Nd}/gu, '0')
    .replace(punctuation, (sign) => PUNCTUATION[sign])
    .replace(control, '')
