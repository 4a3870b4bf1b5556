import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readTasks } from '../../tasks/task.ts'
import type { ClassificationData, FoilsData, PairsData, RetrievalData } from '../dataset.ts'
import { type FormatOptions, loadFormat } from './index.ts'
import { readDocuments } from './tables.ts'
import { readCsem, readHumanEval, readImageEval } from './texts.ts'

let folder: string
const at = (name: string) => join(folder, name)
const write = async (name: string, content: string | Uint8Array) => {
  await writeFile(at(name), content)
  return at(name)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flageval-formats-'))
  await mkdir(at('images'))
  for (const [i, name] of ['a', 'b', 'c'].entries())
    await sharp({ create: { width: 8, height: 6, channels: 3, background: { r: 90 * i, g: 0, b: 0 } } })
      .jpeg()
      .toFile(at(`images/${name}.jpg`))
})
afterAll(() => rm(folder, { recursive: true }))

const load = <T>(options: FormatOptions) => loadFormat(options) as Promise<T>
const images = () => at('images')
const templates = ['{c}']

describe('captions', () => {
  it('Karpathy: the pictures of one split', async () => {
    const entry = (filename: string, split: string, n: number) => ({
      filename,
      split,
      sentences: Array.from({ length: n }, (_, i) => ({ raw: `${filename} ${i} ` })),
    })
    const content = {
      images: [entry('a.jpg', 'train', 5), entry('b.jpg', 'test', 5), entry('c.jpg', 'test', 4)],
    }
    const file = await write('karpathy.json', JSON.stringify(content))
    const data = await load<RetrievalData>({ format: 'karpathy', file, images: images(), split: 'test' })
    expect([data.pictures.length, data.captions.length]).toEqual([2, 9])
    expect(data.captions[8]).toEqual({ id: '8', text: 'c.jpg 3', picture: 1 })
    await write('karpathy.json', '{"images": [{"filename": "a.jpg", "split": "test", "sentences": []}]}')
    await expect(load({ format: 'karpathy', file, images: images(), split: 'test' })).rejects.toThrow(
      'karpathy.json: images.0.sentences',
    )
  })

  it('name.jpg,caption: a header only where there is one, commas in captions', async () => {
    const file = await write('lines.txt', 'a.jpg,one, two\nb.jpg,three\na.jpg,four\n')
    const bare = await load<RetrievalData>({ format: 'caption-lines', file, images: images() })
    expect([bare.pictures.length, bare.captions.map(({ text }) => text)]).toEqual([
      2,
      ['one, two', 'three', 'four'],
    ])
    await write('lines.txt', '\ufeffimage,caption\r\na.jpg,one\r\n')
    expect(
      (await load<RetrievalData>({ format: 'caption-lines', file, images: images() })).captions.length,
    ).toBe(1)
    await write('lines.txt', 'a.jpg,one\nnothing\n')
    await expect(load({ format: 'caption-lines', file, images: images() })).rejects.toThrow(
      'lines.txt: line 2',
    )
    await write('lines.txt', 'a.jpg,one\nz.jpg,two\n')
    await expect(load({ format: 'caption-lines', file, images: images() })).rejects.toThrow(
      /line 2: .*z\.jpg: no such/,
    )
  })

  it('XTD and Multi30k: line by line, the first one too; unequal files are refused', async () => {
    const names = await write('names.txt', 'a.jpg\nb.jpg\nc.jpg\n')
    const [one, two] = [await write('1.de', 'eins\nzwei\ndrei\n'), await write('2.de', 'uno\ndue\ntre\n')]
    const data = await load<RetrievalData>({
      format: 'aligned-lines',
      names,
      captions: [one, two],
      images: images(),
    })
    expect([data.pictures.length, data.captions.length]).toEqual([3, 6])
    expect(data.captions[0]).toEqual({ id: '0', text: 'eins', picture: 0 })
    await write('1.de', 'eins\nzwei\n')
    await expect(load({ format: 'aligned-lines', names, captions: one, images: images() })).rejects.toThrow(
      '1.de: 2 captions for 3 pictures',
    )
  })

  it('MUGE: several pictures of a query', async () => {
    const file = await write(
      'queries.jsonl',
      '{"query_id": 7, "query_text": "红色", "item_ids": [1, 2]}\n{"query_id": 8, "query_text": "蓝色", "item_ids": [3]}\n',
    )
    const pictures = await write('imgs.tsv', '1\tAQ==\n2\tAg==\n3\tAw==\n4\tBA==\n')
    const data = await load<RetrievalData>({ format: 'muge', file, images: pictures })
    expect(data.captionOf).toEqual([0, 0, 1])
    expect(data.captions.map(({ picture }) => picture)).toEqual([0, 2])
    await write('queries.jsonl', '{"query_id": 7, "query_text": "红色", "item_ids": [9]}\n')
    await expect(load({ format: 'muge', file, images: pictures })).rejects.toThrow(
      'line 1: picture 9 is not in',
    )
  })
})

describe('compositional sets', () => {
  it('Winoground', async () => {
    const line = { id: 0, caption_0: 'a b', caption_1: 'b a', image_0: 'a.jpg', image_1: 'b.jpg' }
    const file = await write('examples.jsonl', `${JSON.stringify(line)}\n`)
    const { samples } = await load<PairsData>({ format: 'winoground', file, images: images() })
    expect(samples[0].captions).toEqual(['a b', 'b a'])
    await write('examples.jsonl', `${JSON.stringify(line)}\n{"caption_0": 1}\n`)
    await expect(load({ format: 'winoground', file, images: images() })).rejects.toThrow('line 2: caption_0')
  })

  it('SugarCrepe, VALSE and ARO', async () => {
    const sugar = await write(
      'swap_att.json',
      JSON.stringify({ 0: { filename: 'a.jpg', caption: 'x', negative_caption: 'y' } }),
    )
    const crepe = await load<FoilsData>({ format: 'sugarcrepe', files: [sugar], images: images() })
    expect(crepe.samples[0]).toMatchObject({
      id: 'swap_att 0',
      category: 'swap_att',
      right: 'x',
      wrong: ['y'],
    })

    const entry = (caption: number) => ({ image_file: 'b.jpg', caption: 'x', foil: 'y', mturk: { caption } })
    const valse = await write(
      'existence.json',
      JSON.stringify({ one: entry(1), two: entry(2), three: entry(3) }),
    )
    const chosen = await load<FoilsData>({ format: 'valse', files: [valse], images: images() })
    expect(chosen.samples.map(({ id }) => id)).toEqual(['existence two', 'existence three'])

    const box = { bbox_x: 1, bbox_y: 1, bbox_w: 4, bbox_h: 3 }
    const relation = {
      image_path: 'c.jpg',
      true_caption: 'x',
      false_caption: 'y',
      relation_name: 'on',
      ...box,
    }
    const aro = await write('vg.json', JSON.stringify([relation]))
    const cut = await load<FoilsData>({ format: 'aro', file: aro, images: images() })
    const { width, height } = await sharp(cut.samples[0].picture.input as Uint8Array).metadata()
    expect([width, height, cut.samples[0].category]).toEqual([4, 3, 'on'])
  })
})

describe('folders and archives', () => {
  it('ImageNet: WordNet ids, and the subset that has folders', async () => {
    for (const id of ['n01', 'n03']) {
      await mkdir(at(`wnids/${id}`), { recursive: true })
      await writeFile(at(`wnids/${id}/x.JPEG`), 'x')
    }
    const classes = await write(
      'classes.json',
      JSON.stringify({ n01: 'tench', n02: 'goldfish', n03: 'shark' }),
    )
    const data = await load<ClassificationData>({
      format: 'folders',
      images: at('wnids'),
      classes,
      templates,
    })
    expect(data.classes.map(({ name }) => name)).toEqual(['tench', 'shark'])
    expect(data.gold).toEqual([0, 1])
    await mkdir(at('wnids/n99'))
    await expect(load({ format: 'folders', images: at('wnids'), classes, templates })).rejects.toThrow(
      'n99 is no class',
    )
  })

  it('ImageNet-V2: folders by place, 10 after 9', async () => {
    for (let i = 0; i < 12; i++) {
      await mkdir(at(`places/${i}`), { recursive: true })
      await writeFile(at(`places/${i}/x.jpeg`), 'x')
    }
    const names = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`n${100 + i}`, `class ${i}`]))
    const classes = await write('twelve.json', JSON.stringify(names))
    const data = await load<ClassificationData>({
      format: 'folders',
      images: at('places'),
      classes,
      templates,
    })
    expect(data.pictures.map(({ id }, i) => [id, data.classes[data.gold[i]].name])[10]).toEqual([
      '10/x.jpeg',
      'class 10',
    ])
  })

  /** A tar archive as `tar` writes it. */
  function tar(files: Record<string, string>): Buffer {
    const blocks = Object.entries(files).flatMap(([name, content]) => {
      const [head, body] = [Buffer.alloc(512), Buffer.from(content)]
      head.write(name)
      head.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124)
      head.write('        ', 148)
      head.write('0', 156)
      head.write(
        `${head
          .reduce((sum, x) => sum + x, 0)
          .toString(8)
          .padStart(6, '0')}\0 `,
        148,
      )
      return [head, body, Buffer.alloc(-body.length & 511)]
    })
    return Buffer.concat([...blocks, Buffer.alloc(1024)])
  }

  it('WebDataset: classes or captions; half samples and cut archives are refused', async () => {
    const whole = tar({ 'x/0.jpg': 'J', 'x/0.cls': '1', 'x/1.png': 'P', 'x/1.cls': '0' })
    const shard = await write('0.tar', whole)
    const classes = await write('classnames.txt', 'cat\ndog\n')
    const data = await load<ClassificationData>({ format: 'webdataset', shards: [shard], classes, templates })
    expect([data.gold, data.classes.map(({ name }) => name)]).toEqual([
      [1, 0],
      ['cat', 'dog'],
    ])
    await write('0.tar', tar({ '0.jpg': 'J', '0.txt': 'one\ntwo' }))
    const pairs = await load<RetrievalData>({ format: 'webdataset', shards: [shard], templates })
    expect(pairs.captions.map(({ text }) => text)).toEqual(['one', 'two'])
    await expect(load({ format: 'webdataset', shards: [shard], classes, templates })).rejects.toThrow(
      '0: no .cls',
    )
    await write('0.tar', whole.subarray(0, 512))
    await expect(load({ format: 'webdataset', shards: [shard], templates })).rejects.toThrow(
      'no whole tar entry at byte 0',
    )
  })
})

describe('binaries', () => {
  const pixelOf = async (input: unknown, x: number, y: number) => {
    const { data, info } = await sharp(input as Uint8Array)
      .raw()
      .toBuffer({ resolveWithObject: true })
    return [...data.subarray((y * info.width + x) * info.channels, (y * info.width + x) * info.channels + 3)]
  }

  it('CIFAR: planes of rows', async () => {
    const record = Buffer.alloc(3073)
    record[0] = 2
    record[1 + 5] = 10
    record[1 + 1024 + 5] = 20
    record[1 + 2048 + 5] = 30
    const file = await write('batch.bin', Buffer.concat([record, record]))
    const classes = ['a', 'b', 'c']
    const data = await load<ClassificationData>({
      format: 'cifar',
      files: [file],
      labels: 1,
      classes,
      templates,
    })
    expect(data.gold).toEqual([2, 2])
    expect(await pixelOf(data.pictures[0].input, 5, 0)).toEqual([10, 20, 30])
    await write('batch.bin', record.subarray(1))
    await expect(load({ format: 'cifar', files: [file], labels: 1, classes, templates })).rejects.toThrow(
      '3072 bytes',
    )
  })

  it('MNIST: IDX, packed or not', async () => {
    const head = (...sizes: number[]) => {
      const bytes = Buffer.alloc(4 + 4 * sizes.length)
      bytes.writeUInt32BE(0x800 + sizes.length)
      sizes.forEach((size, i) => void bytes.writeUInt32BE(size, 4 + 4 * i))
      return bytes
    }
    const pictures = await write('images.gz', gzipSync(Buffer.concat([head(2, 2, 3), Buffer.alloc(12, 7)])))
    const labels = await write('labels', Buffer.concat([head(2), Buffer.of(1, 0)]))
    const data = await load<ClassificationData>({
      format: 'idx',
      images: pictures,
      labels,
      classes: ['0', '1'],
      templates,
    })
    expect(data.gold).toEqual([1, 0])
    await write('labels', Buffer.concat([head(3), Buffer.of(1, 0, 1)]))
    await expect(
      load({ format: 'idx', images: pictures, labels, classes: ['0', '1'], templates }),
    ).rejects.toThrow('3 labels for 2 pictures')
  })

  it('STL-10: planes of columns, labels from 1', async () => {
    const planes = Buffer.alloc(3 * 96 * 96)
    planes[5 * 96 + 2] = 40
    const [pictures, labels] = [await write('X.bin', planes), await write('y.bin', Buffer.of(1))]
    const options = { format: 'stl10' as const, images: pictures, labels, classes: ['plane'], templates }
    const data = await load<ClassificationData>(options)
    expect([data.gold, await pixelOf(data.pictures[0].input, 5, 2)]).toEqual([[0], [40, 0, 0]])
    await write('y.bin', Buffer.of(0))
    await expect(load(options)).rejects.toThrow('labels begin at 1')
  })
})

describe('texts', () => {
  it('C-SEM: four choices and an answer', async () => {
    const file = await write('csem.csv', '\ufeff问题,选项1,选项2,选项3,选项4,答案\n"甲,乙",一,二,三,四,C\n')
    expect(readCsem(file)).toEqual([{ question: '甲,乙', choices: ['一', '二', '三', '四'], gold: 2 }])
    await write('csem.csv', '问题,选项1,选项2,选项3,选项4,答案\n甲,一,二,三,四,E\n')
    expect(() => readCsem(file)).toThrow('csem.csv: line 2: the answer is "E"')
  })

  it('HumanEval, packed', async () => {
    const problem = { task_id: 'H/0', prompt: 'p', entry_point: 'f', canonical_solution: 's', test: 't' }
    const file = await write('HumanEval.jsonl.gz', gzipSync(`${JSON.stringify(problem)}\n`))
    expect(readHumanEval(file)).toEqual([problem])
    await write('HumanEval.jsonl.gz', gzipSync('{"task_id": "H/0"}\n'))
    expect(() => readHumanEval(file)).toThrow('line 1: prompt')
  })

  it('documents of lm-eval: JSON lines and Parquet', async () => {
    expect(await readDocuments(await write('docs.jsonl', '{"a": 1}\n{"a": 2}\n'))).toEqual([
      { a: 1 },
      { a: 2 },
    ])
    const parquet = parquetWriteBuffer({ columnData: [{ name: 'a', data: ['x', 'y'], type: 'STRING' }] })
    expect(await readDocuments(await write('docs.parquet', new Uint8Array(parquet)))).toEqual([
      { a: 'x' },
      { a: 'y' },
    ])
    await expect(readDocuments(await write('bad.parquet', 'no'))).rejects.toThrow('bad.parquet: not Parquet')
  })

  it('ImageEval: a table in GB18030', async () => {
    // 提示词 and 红 in GB18030.
    const bytes = Buffer.from('cce1cabeb4ca2cd1d5c9ab0abaec2c310a', 'hex')
    expect(readImageEval(await write('cn.csv', bytes))).toEqual([{ 提示词: '红', 颜色: '1' }])
  })
})

it('tasks name formats, with paths from their own folder', async () => {
  const file = await write(
    'task.yaml',
    `id: mine
version: 1
title: Mine
kind: retrieval
tier: low
synthetic: false
dataset: { format: aligned-lines, names: names.txt, captions: 'cap.{language}', images: images }
languages: [de]
samples: 6
metrics: [IR@1]
primary: IR@1
licence: none
`,
  )
  expect(readTasks(file)[0].dataset).toMatchObject({ names: at('names.txt'), images: at('images') })
  await write('broken.yaml', `id: mine\ndataset: { format: nothing }\n`)
  expect(() => readTasks(at('broken.yaml'))).toThrow('broken.yaml')
})
