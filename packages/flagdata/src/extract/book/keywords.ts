/** A word of front or back matter, as FlagData's book configuration has it. */
export type Keyword = [word: string, maxLength: number, lower: boolean, headRatio: number, tailRatio: number]

/** Words that share where and how they are looked for. */
interface Group {
  /** A line of fewer characters that holds the word counts; with 0, only a line that is the word. */
  maxLength: number
  /** Whether upper and lower case are the same. */
  lower: boolean
  /** The part of the book, at its start and at its end, in which the word counts. */
  ratio: number
  words: readonly string[]
}

/**
 * Words that stand in front and back matter and in advertisements of sites that pass books on: the 119 entries of
 * `KEYWORDS_SET` of FlagData 3.0 (cleaner/configs/book_config.json), in its order within each group.
 */
const groups: readonly Group[] = [
  {
    maxLength: 5,
    lower: false,
    ratio: 0.2,
    words: [
      'Title',
      'Illustrator',
      'Release Date',
      'Produced by',
      'Illustration',
      'Published',
      'CHAPTERS',
      'ILLUSTRATIONS',
      'INTRODUCTION',
      'SISÄLLYS',
      'CONTENTS',
      'Preface',
      'Dedication',
      '致谢',
      '自序',
      '序言',
      '著者序',
      '引言',
      '目次',
      '目录',
      '附录',
    ],
  },
  {
    maxLength: 20,
    lower: false,
    ratio: 0.2,
    words: ['公众号', '书单', '微信号', '读书分享', '豆瓣', '沉金书屋', '电子书搜索', '电子书下载', 'eBook'],
  },
  {
    maxLength: 20,
    lower: false,
    ratio: 0.1,
    words: ['资源分享'],
  },
  {
    maxLength: 20,
    lower: true,
    ratio: 0.2,
    words: [
      '电子书打包',
      '电子书免费',
      '满屋书香',
      '读书简史',
      '书单分享',
      '资源分享',
      '中华书局',
      'LICENSE NOTES:',
      'Published:',
      'Publisher:',
      '反侵权盗版声明',
      '序 /',
    ],
  },
  {
    maxLength: 40,
    lower: true,
    ratio: 0.2,
    words: ['古德猫宁李', '电子书打包', 'ePUBw', 'copyright ©'],
  },
  {
    maxLength: 10,
    lower: true,
    ratio: 0.2,
    words: [
      'First Page',
      'Title Page',
      'Table of Contents',
      'Copyright Page',
      'Language: English',
      'Release Date:',
      'Illustrator:',
      'Commentator:',
      'Author:',
      'Title:',
      'Words:',
      'Packaged:',
      'Warnings:',
      'License Notes',
      'Published by:',
    ],
  },
  {
    maxLength: 10,
    lower: false,
    ratio: 0.2,
    words: ['ACKNOWLEDGMENTS', 'Copyright', 'COPYRIGHT'],
  },
  {
    maxLength: 15,
    lower: true,
    ratio: 0.2,
    words: [
      '作者简介',
      '出版社',
      '邮政编码',
      '印张',
      '印次',
      '版次',
      '版权',
      '出版发行：',
      '责任编辑',
      '版权信息',
    ],
  },
  {
    maxLength: 40,
    lower: false,
    ratio: 0.2,
    words: ['CIP'],
  },
  {
    maxLength: 15,
    lower: false,
    ratio: 0.2,
    words: ['Contents'],
  },
  {
    maxLength: 0,
    lower: true,
    ratio: 0.2,
    words: [
      '前言:',
      '作者序',
      '目 录',
      '作者简介',
      'text copyright',
      '序 /',
      '致谢',
      '致 谢',
      '自序',
      '自 序',
      '序言',
      '著者序',
      '序 言',
      '引言',
      '引 言',
      '目次',
      '目 次',
      '目录',
      '附录',
      '附 录',
      '前 言',
      '后记',
      '后 记',
      '引子',
      '引 子',
    ],
  },
  {
    maxLength: 0,
    lower: false,
    ratio: 0.2,
    words: ['CHAPTER'],
  },
  {
    maxLength: 100,
    lower: true,
    ratio: 0.2,
    words: ['All rights reserved', 'First published', 'This ebook is copyright'],
  },
  {
    maxLength: 1000,
    lower: false,
    ratio: 0.2,
    words: ['All rights reserved', 'First published', 'This ebook is copyright'],
  },
  {
    maxLength: 80,
    lower: true,
    ratio: 0.2,
    words: ['微博', '微信', '朋友圈', 'ISBN', '前言:', '作者序', '目 录', '作者简介', 'text copyright'],
  },
  {
    maxLength: 200,
    lower: true,
    ratio: 0.2,
    words: ['©'],
  },
]

export const KEYWORDS_SET: readonly Keyword[] = groups.flatMap(({ maxLength, lower, ratio, words }) =>
  words.map((word): Keyword => [word, maxLength, lower, ratio, ratio]),
)

/** Words by which a part of a Chinese book is known as front or back matter: a line of fewer units than `threshold`. */
export interface PartRule {
  keywords: string[]
  threshold: number
}

/** `KEYWORDS_BY_PARTS` of FlagData 3.0. */
export const KEYWORDS_BY_PARTS: readonly PartRule[] = [
  {
    keywords: ['鸣谢', '目录', '附录', '封面', '前言', '鸣 谢', '目 录', '附 录', '封 面', '前 言'],
    threshold: 5,
  },
  {
    keywords: [
      '公众号',
      '书单',
      '微信号',
      '力荐',
      '读书分享',
      '豆瓣',
      '沉金书屋',
      '电子书搜索',
      '电子书下载',
      '资源分享',
      '电子书打包',
      '电子书免费',
      '满屋书香',
      '古德猫宁李',
      '读书简史',
      '书单分享',
      '资源分享',
      '电子书打包',
      'ePUBw',
      '中华书局',
    ],
    threshold: 30,
  },
  {
    keywords: [
      'CIP',
      '出版社',
      '邮政编码',
      '印张',
      '定价',
      '印次',
      '版次',
      'ISBN',
      '版权',
      '出版发行：',
      '责任编辑',
      '版权信息',
      'Copyright',
    ],
    threshold: 30,
  },
  {
    keywords: ['邮箱', 'www.', '.com', '.cn', '电话'],
    threshold: 10,
  },
]
