/**
 * Augmentation for training across styles: what a picture shows must survive a change of how it is drawn.
 *
 * Besides the usual geometry, colour and noise, every picture carries a fifth channel, its **edge map**, so that a
 * drawing can be given dark outlines of random strength, or be turned into a line drawing, at no cost per step.
 * One thread makes several thousand 32-pixel pictures per second.
 */
import type { Pictures } from './data.ts'
import type { Random } from './random.ts'

/** Colours are normalised as (value / 255 - mean) / standard deviation, the same in all three channels. */
export const IMAGE_MEAN = 0.5
export const IMAGE_STD = 0.27

/** Source pictures with edges: [count, size, size, 5], premultiplied RGBA and the edge strength. */
export interface EdgedPictures {
  readonly size: number
  readonly count: number
  readonly pixels: Uint8Array
}

const CHANNELS = 5

/**
 * Adds the edge map: at each pixel, the largest range (maximum minus minimum) of any of the four channels over the
 * 3×3 pixels around it. Since colours are premultiplied, the silhouette counts as an edge too.
 */
export function withEdges(pictures: Pick<Pictures, 'size' | 'count' | 'pixels'>): EdgedPictures {
  const { size, count, pixels } = pictures
  const row = size * 4
  const edged = new Uint8Array(count * size * size * CHANNELS)
  // The extremes of a 3×3 square are the extremes over three rows of the extremes over three columns.
  const low = new Uint8Array(row * size)
  const high = new Uint8Array(row * size)
  for (let at = 0; at < count; at++) {
    const from = at * row * size
    const to = at * size * size * CHANNELS
    for (let i = 0; i < low.length; i++) {
      const x = i % row
      const left = x < 4 ? i : i - 4
      const right = x >= row - 4 ? i : i + 4
      low[i] = Math.min(pixels[from + left], pixels[from + i], pixels[from + right])
      high[i] = Math.max(pixels[from + left], pixels[from + i], pixels[from + right])
    }
    for (let pixel = 0; pixel < size * size; pixel++) {
      let edge = 0
      for (let i = 4 * pixel; i < 4 * pixel + 4; i++) {
        const above = i < row ? i : i - row
        const below = i >= low.length - row ? i : i + row
        const range = Math.max(high[above], high[i], high[below]) - Math.min(low[above], low[i], low[below])
        if (range > edge) edge = range
      }
      const target = to + pixel * CHANNELS
      const source = from + pixel * 4
      edged[target] = pixels[source]
      edged[target + 1] = pixels[source + 1]
      edged[target + 2] = pixels[source + 2]
      edged[target + 3] = pixels[source + 3]
      edged[target + 4] = edge
    }
  }
  return { size, count, pixels: edged }
}

/** How often and how strongly each step acts. Angles in radians; scales are natural logarithms. */
export interface AugmentOptions {
  rotate: { p: number; max: number }
  /** Log range of the size of the canvas against the picture: positive draws the picture smaller. */
  zoom: { low: number; high: number }
  aspect: number
  shear: number
  shift: number
  elastic: { p: number; strength: number }
  hue: { max: number; anyP: number }
  saturation: { low: number; high: number; greyP: number }
  contrast: number
  brightness: number
  invertP: number
  /** Fades colours towards white inside the silhouette. */
  fade: { p: number }
  outline: { p: number; low: number; high: number; thresholdLow: number; thresholdHigh: number }
  /** Shares of backgrounds: white, black, gradient; the rest is one random colour. */
  background: { white: number; black: number; gradient: number }
  posterizeP: number
  /** Positive amounts blur, negative ones sharpen. */
  blur: { p: number; low: number; high: number }
  noise: { p: number; max: number }
  cutout: { p: number; low: number; high: number }
}

/** Strong: pictures may lose their colours, gain outlines, and be covered in part. */
export const STRONG: AugmentOptions = {
  rotate: { p: 0.7, max: 0.3 },
  zoom: { low: Math.log(0.8), high: Math.log(1.6) },
  aspect: 0.15,
  shear: 0.15,
  shift: 0.1,
  elastic: { p: 0.5, strength: 0.05 },
  hue: { max: 0.1 * Math.PI, anyP: 0.15 },
  saturation: { low: 0.5, high: 1.6, greyP: 0.15 },
  contrast: 0.4,
  brightness: 0.2,
  invertP: 0.05,
  fade: { p: 0.25 },
  outline: { p: 0.5, low: 0.5, high: 3, thresholdLow: 0.05, thresholdHigh: 0.3 },
  background: { white: 0.5, black: 0.12, gradient: 0.15 },
  posterizeP: 0.1,
  blur: { p: 0.4, low: -0.7, high: 0.8 },
  noise: { p: 0.3, max: 0.06 },
  cutout: { p: 0.35, low: 0.08, high: 0.2 },
}

/** Gentle: close to the picture as it is, for the beginning of the training. */
export const GENTLE: AugmentOptions = {
  rotate: { p: 0.3, max: 0.15 },
  zoom: { low: -0.15, high: 0.25 },
  aspect: 0.08,
  shear: 0.08,
  shift: 0.1,
  elastic: { p: 0.2, strength: 0.03 },
  hue: { max: 0.15, anyP: 0.03 },
  saturation: { low: 0.7, high: 1.3, greyP: 0.05 },
  contrast: 0.2,
  brightness: 0.1,
  invertP: 0,
  fade: { p: 0.08 },
  outline: { p: 0.3, low: 0.5, high: 3, thresholdLow: 0.05, thresholdHigh: 0.3 },
  background: { white: 0.75, black: 0.1, gradient: 0.05 },
  posterizeP: 0.1,
  blur: { p: 0.4, low: -0.7, high: 0.8 },
  noise: { p: 0.3, max: 0.06 },
  cutout: { p: 0.1, low: 0.08, high: 0.2 },
}

const GRID = 4

/** Makes augmented pictures of one size. Holds scratch memory only: all randomness comes in through `Random`. */
export class Augmenter {
  private readonly r: Float32Array
  private readonly g: Float32Array
  private readonly b: Float32Array
  private readonly alpha: Float32Array
  private readonly edge: Float32Array
  private readonly blurred: Float32Array
  private readonly bend = new Float32Array(GRID * GRID * 2)

  constructor(
    private readonly source: EdgedPictures,
    readonly size: number,
    private readonly options: AugmentOptions,
  ) {
    const plane = () => new Float32Array(size * size)
    this.r = plane()
    this.g = plane()
    this.b = plane()
    this.alpha = plane()
    this.edge = plane()
    this.blurred = plane()
  }

  /** Writes pictures `indices` as [indices.length, 3, size, size], normalised, into `out`. */
  batch(indices: ArrayLike<number>, random: Random, out: Float32Array): void {
    const values = 3 * this.size * this.size
    if (out.length !== indices.length * values) {
      throw new RangeError(`out has ${out.length} values, ${indices.length * values} are needed`)
    }
    for (let i = 0; i < indices.length; i++) this.one(indices[i], random, out, i * values)
  }

  /** Writes one picture as [3, size, size] at `offset` of `out`. */
  one(index: number, random: Random, out: Float32Array, offset: number): void {
    this.warp(index, random)
    this.recolour(random)
    this.drawOutlines(random)
    this.composite(random)
    for (const plane of [this.r, this.g, this.b]) clampUnit(plane)
    this.posterize(random)
    this.blurOrSharpen(random)
    this.addNoise(random)
    this.cutOut(random)
    const area = this.size * this.size
    const planes = [this.r, this.g, this.b]
    for (let c = 0; c < 3; c++) {
      const plane = planes[c]
      const at = offset + c * area
      for (let i = 0; i < area; i++) {
        const value = plane[i] < 0 ? 0 : Math.min(plane[i], 1)
        out[at + i] = (value - IMAGE_MEAN) / IMAGE_STD
      }
    }
  }

  /** Samples the source through a random affine map and a smooth random displacement, bilinearly. */
  private warp(index: number, random: Random): void {
    const o = this.options
    const angle = random.chance(o.rotate.p) ? random.uniform(-o.rotate.max, o.rotate.max) : 0
    const scale = Math.exp(random.uniform(o.zoom.low, o.zoom.high))
    const aspect = Math.exp(random.uniform(-o.aspect, o.aspect))
    const shear = random.uniform(-o.shear, o.shear)
    const reach = o.shift + 1.5 * o.shift * Math.abs(scale - 1)
    const shiftX = random.uniform(-reach, reach)
    const shiftY = random.uniform(-reach, reach)
    const bends = random.chance(o.elastic.p)
    if (bends) for (let i = 0; i < this.bend.length; i++) this.bend[i] = o.elastic.strength * random.normal()
    const cos = Math.cos(angle)
    const sin = Math.sin(angle)
    const xx = scale * aspect * cos
    const xy = scale * (shear - sin)
    const yx = scale * sin
    const yy = (scale / aspect) * cos

    const { size } = this
    const from = this.source.size
    const { pixels } = this.source
    const base = index * from * from * CHANNELS
    const row = from * CHANNELS
    for (let y = 0; y < size; y++) {
      const v = (2 * y + 1) / size - 1
      for (let x = 0; x < size; x++) {
        const u = (2 * x + 1) / size - 1
        let su = xx * u + xy * v + shiftX
        let sv = yx * u + yy * v + shiftY
        if (bends) {
          const gx = ((u + 1) / 2) * (GRID - 1)
          const gy = ((v + 1) / 2) * (GRID - 1)
          const ix = gx | 0
          const iy = gy | 0
          const fx = gx - ix
          const fy = gy - iy
          const k = (iy * GRID + ix) * 2
          const w00 = (1 - fx) * (1 - fy)
          const w01 = fx * (1 - fy)
          const w10 = (1 - fx) * fy
          const w11 = fx * fy
          const d = this.bend
          const down = k + GRID * 2
          su += w00 * d[k] + w01 * d[k + 2] + w10 * d[down] + w11 * d[down + 2]
          sv += w00 * d[k + 1] + w01 * d[k + 3] + w10 * d[down + 1] + w11 * d[down + 3]
        }
        const px = ((su + 1) * from - 1) / 2
        const py = ((sv + 1) * from - 1) / 2
        const x0 = Math.floor(px)
        const y0 = Math.floor(py)
        const fx = px - x0
        const fy = py - y0
        let r = 0
        let g = 0
        let b = 0
        let a = 0
        let e = 0
        for (let tap = 0; tap < 4; tap++) {
          const tx = x0 + (tap & 1)
          const ty = y0 + (tap >> 1)
          if (tx < 0 || ty < 0 || tx >= from || ty >= from) continue
          const weight = ((tap & 1 ? fx : 1 - fx) * (tap >> 1 ? fy : 1 - fy)) / 255
          const k = base + ty * row + tx * CHANNELS
          r += weight * pixels[k]
          g += weight * pixels[k + 1]
          b += weight * pixels[k + 2]
          a += weight * pixels[k + 3]
          e += weight * pixels[k + 4]
        }
        const at = y * size + x
        this.r[at] = r
        this.g[at] = g
        this.b[at] = b
        this.alpha[at] = a
        this.edge[at] = e
      }
    }
  }

  /** Hue, saturation, contrast, brightness, inversion and fading, on premultiplied colours. */
  private recolour(random: Random): void {
    const o = this.options
    const hueMax = random.chance(o.hue.anyP) ? Math.PI : o.hue.max
    const hue = random.uniform(-hueMax, hueMax)
    const grey = random.chance(o.saturation.greyP)
    const saturation = grey ? 0 : random.uniform(o.saturation.low, o.saturation.high)
    const contrast = Math.exp(random.uniform(-o.contrast, o.contrast))
    const brightness = random.uniform(-o.brightness, o.brightness)
    const invert = random.chance(o.invertP)
    const fade = random.chance(o.fade.p) ? random.uniform() : 0
    this.faded = fade
    // Rotation of colour space about its grey axis, with saturation as the radius: circulant in r, g, b.
    const cos = Math.cos(hue) * saturation
    const sin = (Math.sin(hue) * saturation) / Math.sqrt(3)
    const same = 1 / 3 + (cos * 2) / 3
    const next = 1 / 3 - cos / 3 - sin
    const last = 1 / 3 - cos / 3 + sin
    const { r, g, b, alpha } = this
    for (let i = 0; i < r.length; i++) {
      const a = alpha[i]
      const offset = a * (0.5 + brightness - 0.5 * contrast)
      const r0 = r[i]
      const g0 = g[i]
      const b0 = b[i]
      let r1 = contrast * (same * r0 + next * g0 + last * b0) + offset
      let g1 = contrast * (last * r0 + same * g0 + next * b0) + offset
      let b1 = contrast * (next * r0 + last * g0 + same * b0) + offset
      if (invert) {
        r1 = a - r1
        g1 = a - g1
        b1 = a - b1
      }
      r1 += (a - r1) * fade
      g1 += (a - g1) * fade
      b1 += (a - b1) * fade
      r[i] = r1 < 0 ? 0 : Math.min(r1, a)
      g[i] = g1 < 0 ? 0 : Math.min(g1, a)
      b[i] = b1 < 0 ? 0 : Math.min(b1, a)
    }
  }
  private faded = 0

  /** Dark outlines along edges; always drawn where colours have been faded away. */
  private drawOutlines(random: Random): void {
    const o = this.options.outline
    const drawn = random.chance(o.p) || this.faded > 0.5
    const gain = random.uniform(o.low, o.high)
    const threshold = random.uniform(o.thresholdLow, o.thresholdHigh)
    const red = random.uniform(0, 0.25)
    const green = random.uniform(0, 0.25)
    const blue = random.uniform(0, 0.25)
    if (!drawn) return
    const { r, g, b, alpha, edge } = this
    for (let i = 0; i < r.length; i++) {
      let ink = (edge[i] - threshold) * gain
      if (ink <= 0) continue
      if (ink > 1) ink = 1
      r[i] += (red - r[i]) * ink
      g[i] += (green - g[i]) * ink
      b[i] += (blue - b[i]) * ink
      if (alpha[i] < ink) alpha[i] = ink
    }
  }

  /** Puts the picture on white, black, one colour, or a gradient of two. */
  private composite(random: Random): void {
    const o = this.options.background
    const kind = random.uniform()
    const first = [random.uniform(), random.uniform(), random.uniform()]
    const second = [random.uniform(), random.uniform(), random.uniform()]
    const slope = random.uniform()
    if (kind < o.white) first.fill(1)
    else if (kind < o.white + o.black) first.fill(0)
    const gradient = kind >= 1 - o.gradient
    const { size, alpha } = this
    const planes = [this.r, this.g, this.b]
    for (let c = 0; c < 3; c++) {
      const plane = planes[c]
      for (let y = 0, i = 0; y < size; y++) {
        for (let x = 0; x < size; x++, i++) {
          let ground = first[c]
          if (gradient) {
            const t = (slope * y + (1 - slope) * x) / (size - 1)
            ground = t * first[c] + (1 - t) * second[c]
          }
          plane[i] += (1 - alpha[i]) * ground
        }
      }
    }
  }

  private posterize(random: Random): void {
    const levels = 2 + random.below(4)
    if (!random.chance(this.options.posterizeP)) return
    for (const plane of [this.r, this.g, this.b]) {
      for (let i = 0; i < plane.length; i++) plane[i] = Math.round(plane[i] * levels) / levels
    }
  }

  /** Mixes with the 3×3 mean: towards it is a blur, away from it a sharpening. */
  private blurOrSharpen(random: Random): void {
    const o = this.options.blur
    const amount = random.uniform(o.low, o.high)
    if (!random.chance(o.p)) return
    for (const plane of [this.r, this.g, this.b]) {
      boxMean(plane, this.blurred, this.size)
      for (let i = 0; i < plane.length; i++) plane[i] += (this.blurred[i] - plane[i]) * amount
    }
  }

  /** Noise of zero mean; the sum of two uniforms is close enough to normal, and cheap. */
  private addNoise(random: Random): void {
    const o = this.options.noise
    const amount = random.uniform(0, o.max) * Math.sqrt(6)
    if (!random.chance(o.p)) return
    for (const plane of [this.r, this.g, this.b]) {
      for (let i = 0; i < plane.length; i++) plane[i] += amount * (random.uniform() + random.uniform() - 1)
    }
  }

  /** Covers one rectangle-shaped part with one colour. */
  private cutOut(random: Random): void {
    const o = this.options.cutout
    const { size } = this
    const half = random.uniform(o.low, o.high) * size
    const x = random.uniform() * size
    const y = random.uniform() * size
    const colour = [random.uniform(), random.uniform(), random.uniform()]
    if (!random.chance(o.p)) return
    const planes = [this.r, this.g, this.b]
    const left = Math.max(0, Math.round(x - half))
    const right = Math.min(size, Math.round(x + half))
    const bottom = Math.min(size, Math.round(y + half))
    for (let c = 0; c < 3; c++) {
      for (let v = Math.max(0, Math.round(y - half)); v < bottom; v++) {
        planes[c].fill(colour[c], v * size + left, v * size + right)
      }
    }
  }
}

function clampUnit(plane: Float32Array): void {
  for (let i = 0; i < plane.length; i++) {
    if (plane[i] < 0) plane[i] = 0
    else if (plane[i] > 1) plane[i] = 1
  }
}

/** Mean of each pixel's 3×3 neighbourhood, the border repeated outwards. */
function boxMean(plane: Float32Array, out: Float32Array, size: number): void {
  for (let y = 0; y < size; y++) {
    const above = (y === 0 ? 0 : y - 1) * size
    const here = y * size
    const below = (y === size - 1 ? y : y + 1) * size
    for (let x = 0; x < size; x++) {
      const left = x === 0 ? 0 : x - 1
      const right = x === size - 1 ? x : x + 1
      out[here + x] =
        (plane[above + left] +
          plane[above + x] +
          plane[above + right] +
          plane[here + left] +
          plane[here + x] +
          plane[here + right] +
          plane[below + left] +
          plane[below + x] +
          plane[below + right]) /
        9
    }
  }
}
