import { describe, expect, it } from 'vitest'
import { parseHtml } from '../html/tree.ts'
import { gne } from '../steps.ts'
import { extractGne } from './gne.ts'
import { timeIn } from './time.ts'

const options = gne().options ?? {}
const read = (html: string, given = {}) =>
  extractGne({ name: 'page', text: html }, { ...options, ...given }) as {
    text: string
    metadata: Record<string, string>
  }

const sentence = '记者从会议上获悉，这座城市的新图书馆将于明年春天开放，市民可以免费借阅图书。'

describe('content', () => {
  it('is the text of the element of highest density, without noise (FlagData: ContentExtractor)', () => {
    const { text } = read(`<body><div class="header">频道 首页</div>
      <div class="nav"><a href=1>新闻一</a><a href=2>新闻二，更多内容</a></div>
      <div class="article"><p>${sentence}</p><p><span>${sentence}</span></p><p>分享至</p></div>
      <div class="related"><p>${sentence}</p></div><footer>版权所有</footer></body>`)
    expect(text).toBe(`${sentence}\n${sentence}`)
  })

  it('counts the text of a class of content twice (FlagData: increase_tag_weight)', () => {
    const html = (second: string) =>
      `<body><div class=a><p>${sentence}</p><p>${sentence}</p></div><div class="${second}"><p>${sentence.slice(0, -1)}！</p><p>${sentence}</p></div></body>`
    expect(read(html('post_text')).text).toBe(`${sentence.slice(0, -1)}！\n${sentence}`)
    expect(read(html('b'), { contentAttrKeyword: ['none'] }).text.startsWith(sentence)).toBe(true)
  })

  it('removes every class of noise, word by word, and keeps the text behind it', () => {
    const { text } = read(`<body><div class="topic"><p>${sentence}<img src=x>图片之后的文字。</p>
      <div class="share">分享按钮</div><div class="comment-list">评论一二三</div><p>第一行<br>第二行，${sentence}</p></div></body>`)
    expect(text).toContain('图片之后的文字。')
    expect(text).not.toMatch(/分享|评论/)
    expect(text).toContain(sentence)
  })

  it('gives what is named content where no element has a score', () => {
    expect(read('<body>Before<p class="content"><a href=x>only a link</a></p>').text).toBe('only a link')
    expect(read('').text).toBe('')
  })
})

describe('title', () => {
  it.each([
    ['<meta property="og:title" content="From meta"><title>Other</title>', 'From meta'],
    ['<title>Spider-Man comes home - The Daily News</title>', 'Spider-Man comes home'],
    ['<title>新馆明年春天开放_新闻频道_网站</title>', '新馆明年春天开放'],
    ['<h1>Short</h1><div id="pageTitle">The longest of all of them</div>', 'The longest of all of them'],
    ['<p>none', undefined],
  ])('%s', (html, title) => expect(read(html).metadata.pageTitle).toBe(title))
})

describe('time', () => {
  it.each([
    ['<meta property="article:published_time" content="2019-05-08T14:21:03+08:00">', '2019-05-08 14:21:03'],
    [
      '<meta name="pubtime" content="no date"><span class="date">2019年05月08日 14:21</span>',
      '2019-05-08 14:21:00',
    ],
    ['<div class="info">来源：本报 2018/09/22 20:41</div>', '2018-09-22 20:41:00'],
    ['<p>Written on 2016.1.01 by us', '2016-01-01 00:00:00'],
    ['<p>版本 1.2.3，2019-13-45', undefined],
  ])('%s', (html, time) => expect(read(html).metadata.pagePublishTime).toBe(time))

  // The styles that FlagData's return_format_datetime lists, each with what it stands for.
  it.each([
    ['2019-9-3', '2019-09-03 00:00:00'],
    ['19年3月19日', '2019-03-19 00:00:00'],
    ['1537641480', '2018-09-22 18:38:00'],
    ['1670393724000', '2022-12-07 06:15:24'],
    ['20190508142100', '2019-05-08 14:21:00'],
    ['09-06-18 10:44', '2009-06-18 10:44:00'],
    ['2019年3月19日 -', '2019-03-19 00:00:00'],
    ['2019/03/22  11:41', '2019-03-22 11:41:00'],
    ['2019年03月22日11:41', '2019-03-22 11:41:00'],
    ['2018-09-21T23:58:05Z', '2018-09-21 23:58:05'],
    ['6/3/2021, 9:01:47 AM', '2021-06-03 09:01:47'],
    ['6/18/2021, 8:53:59 PM', '2021-06-18 20:53:59'],
    ['2018-09-23 04:30:58 +0200', '2018-09-23 04:30:58'],
    ['5月8日 12时30分', '2020-05-08 12:30:00'],
    ['刚刚', '2020-02-02 12:00:00'],
    ['昨天 2:00', '2020-02-01 02:00:00'],
    ['前天 14:00:08', '2020-01-31 14:00:08'],
    ['6小时前', '2020-02-02 06:00:00'],
    ['20分钟前', '2020-02-02 11:40:00'],
    ['1天前 -', '2020-02-01 12:00:00'],
  ])('%s is %s', (text, time) => expect(timeIn(text, '2020-02-02T12:00:00Z')).toBe(time))

  it('knows no moment to count from unless it is told', () => {
    expect([timeIn('昨天 2:00'), timeIn('5月8日')]).toEqual([undefined, undefined])
  })
})

it('takes hostile pages in one pass', () => {
  for (const html of [
    '<div class="time info">'.repeat(1e5),
    '<p class=content>x'.repeat(1e5),
    '年'.repeat(1e6),
    '1-'.repeat(5e5),
  ])
    expect(read(html).text.length).toBeLessThanOrEqual(html.length)
  expect(parseHtml('')).toBeDefined()
})
