import type { ValueType } from '../graph/graph.ts'
import {
  type Application,
  defineOperators,
  inputOf,
  intsOf,
  notDifferentiable,
  sameAsInput,
} from '../graph/operator.ts'
import type { TextOperator } from '../graph/operatorNames.ts'
import { broadcastInputs } from './rules.ts'
import { freshDim } from './sizes.ts'

const gradient = notDifferentiable('it works on text')

/** Counts of n-grams: one column per entry of the vocabulary. */
function inferTfIdf(application: Application): ValueType[] {
  const x = inputOf(application, 0)
  const places = intsOf(application.attributes, 'ngram_indexes') ?? []
  const columns = places.reduce((most, place) => Math.max(most, place), -1) + 1
  return [{ dtype: 'float32', shape: [...x.shape.slice(0, -1), columns] }]
}

export const textOperators = defineOperators<TextOperator>({
  RegexFullMatch: { infer: sameAsInput('bool'), gradient },
  StringConcat: { infer: broadcastInputs, gradient },
  StringNormalizer: {
    // Words of a stop list are left out.
    infer: (application) => {
      const x = inputOf(application, 0)
      return [{ dtype: 'string', shape: [...x.shape.slice(0, -1), freshDim(x.graph, 'words')] }]
    },
    gradient,
  },
  StringSplit: {
    infer: (application) => {
      const { graph, shape } = inputOf(application, 0)
      return [
        { dtype: 'string', shape: [...shape, freshDim(graph, 'parts')] },
        { dtype: 'int64', shape },
      ]
    },
    gradient,
  },
  TfIdfVectorizer: { infer: inferTfIdf, gradient },
})
