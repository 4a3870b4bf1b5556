/** Every filter: what is exported here is a step that recipes may name. */
export { c4, c4Paragraph } from './c4.ts'
export { decontaminate } from './decontamination/decontaminate.ts'
export { finewebQuality } from './finewebQuality.ts'
export { gopherQuality } from './gopherQuality.ts'
export { gopherRepetition } from './gopherRepetition.ts'
export { urlFilter } from './url.ts'
