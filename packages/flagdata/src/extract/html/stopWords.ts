/**
 * Function words: the ones that prose cannot do without and menus do. A few dozen of each language are enough to tell
 * them apart (Pomikálek 2011, Removing Boilerplate and Duplicate Content from Web Corpora, section 3.2).
 */
const lists: { readonly [language: string]: string } = {
  en: 'the of and to a in is it that for was on are as with be by at this have from or not but which an were you they can will has been its if when than more other also there their we may must should one all into about how each such only use used',
  de: 'der die das und in zu den von mit ist nicht des ein eine auf für im dem sich als auch es an werden aus er dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man kann wenn diese',
  fr: 'de la le les et des en un une du est que dans pour qui sur pas au par il plus ce ne se sont avec son cette ou aux mais comme on être nous vous leur elle fait été ces même tout peut si sans entre dont après aussi deux',
  es: 'de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha este si porque esta son entre cuando muy sin sobre también hasta hay donde quien desde todo nos durante puede ser está',
  it: 'di e il la che in un a è per una del non sono le con si da i della al come dei ha più nel alla lo se delle gli anche o su ma dal essere questo questa dalla nella suo sua ai può degli tra quando cui ed fra',
  pt: 'de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao das tem à seu sua ou ser quando muito há nos já está eu também só pelo pela até isso entre era depois sem mesmo aos',
  nl: 'de van het een en in is dat op te zijn met voor niet aan er om ook als dan maar bij of uit nog worden door naar heeft hij ze wordt kan die deze tot over je wel meer dit onder',
  ru: 'и в не на я быть он с что а по это она этот к но они мы весь который из у который то за от так для же все бы как его до или если при может только уже был была были также их во',
  pl: 'w i z na do nie się że to jest o a jak po ale przez od za dla jego czy tak już lub oraz tym być przy które który może są ten tego',
  tr: 've bir bu da de için ile olarak daha çok gibi olan en kadar sonra ne ki veya her ancak değil ise olduğu var o',
  sv: 'och i att det som en på är av för med den till inte om ett har de jag så men var vi eller kan från man sig när vid också',
  ar: 'من في على إلى أن عن هذا هذه التي الذي مع لا ما كان ذلك أو لم هو هي كل بين بعد قد ثم إذا و كما عند يمكن',
  hi: 'के का की है में और को से हैं पर यह कि ने एक भी नहीं लिए इस जो कर तो ही या हो था वह साथ गया आप किया जा अपने',
  ko: '이 그 수 있는 및 또는 것 할 하는 있습니다 합니다 때 등 위해 대한 있다 통해 경우 다음 이런 모든 더 하지만 그리고',
  id: 'yang dan di dengan untuk pada dari ini adalah itu dalam tidak atau ke akan juga dapat oleh sebagai ada lebih karena',
  vi: 'và của là có trong được cho các một không với này để những khi đã từ người về như tại đến cũng theo',
}

/** Scripts that put no space between words are judged by characters that are words or endings of their own. */
const characters: { readonly [language: string]: RegExp } = {
  zh: /[的了是在和有不这为与中对也以可而或就到要上个你我他们将会]/g,
  ja: /[のはにをがでともるたしれてすまくなか]/g,
}

const sets = new Map(Object.entries(lists).map(([language, list]) => [language, new Set(list.split(' '))]))
const cjk = /[\u3040-\u30ff\u3400-\u9fff]/g
const kana = /[\u3040-\u30ff]/g
const letters = /[\p{L}\p{M}]+/gu

const countOf = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0

/** Counts function words. */
export interface StopWords {
  /** The language whose words they are, if the text was enough to tell. */
  language: string | undefined
  /** The part of a text that function words make up, from 0 to 1. */
  density(text: string): number
  /** Letters of scripts that say a word in one or two, where the page holds any. */
  ideographs(text: string): number
}

/** How much of a page is read to tell its language. */
const SAMPLE = 4000
/** Prose is at least to this part function words, in all languages of the table. */
const PROSE = 0.15

/**
 * The function words of the language that most of a text's words belong to. Chinese and Japanese passages are told by
 * their characters, also inside pages of another language.
 *
 * @param declared what the page says its language is, such as `de-AT`; it decides where the text does not
 */
export function stopWordsFor(text: string, declared: string | undefined): StopWords {
  const sample = text.slice(0, SAMPLE)
  const ideographic = countOf(sample, cjk)
  const eastern = countOf(sample, kana) > ideographic / 5 ? 'ja' : 'zh'
  const ideographs = ideographic === 0 ? () => 0 : (it: string) => countOf(it, cjk)
  const found = sample.toLowerCase().match(letters) ?? []
  let best = { language: 'en', count: -1 }
  const primary = declared?.toLowerCase().split(/[-_]/)[0]
  for (const [language, set] of sets) {
    let count = language === primary ? 1 : 0
    for (const word of found) if (set.has(word)) count++
    if (count > best.count) best = { language, count }
  }
  // English passages stand in pages of every language.
  const set = new Set([...(sets.get(best.language) ?? []), ...(sets.get('en') ?? [])])
  const isSure = best.count > PROSE * found.length && found.length >= 20
  return {
    language: ideographic > sample.length / 6 ? eastern : isSure ? best.language : undefined,
    ideographs,
    density(it) {
      const own = ideographs(it)
      if (own > it.length / 4) return countOf(it, characters[eastern]) / own
      const words = it.toLowerCase().match(letters)
      if (words === null) return 0
      let count = 0
      for (const word of words) if (set.has(word)) count++
      return count / words.length
    },
  }
}
