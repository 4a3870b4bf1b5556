/** Every operator that traced graphs are made of: ONNX standard operators, and a few of `com.microsoft`. */
export type OperatorName =
  | ElementwiseOperator
  | ComparisonOperator
  | ShapeOperator
  | GatherOperator
  | LinearOperator
  | ReductionOperator
  | NormalizationOperator
  | ActivationOperator

export type ElementwiseOperator =
  | 'Abs'
  | 'Add'
  | 'Ceil'
  | 'Cos'
  | 'Div'
  | 'Erf'
  | 'Exp'
  | 'Floor'
  | 'Identity'
  | 'Log'
  | 'Max'
  | 'Min'
  | 'Mod'
  | 'Mul'
  | 'Neg'
  | 'Pow'
  | 'Reciprocal'
  | 'Round'
  | 'Sign'
  | 'Sin'
  | 'Sqrt'
  | 'Sub'
  | 'Sum'
  | 'Tan'
  | 'Clip'

export type ComparisonOperator =
  | 'And'
  | 'Cast'
  | 'Equal'
  | 'Greater'
  | 'GreaterOrEqual'
  | 'IsInf'
  | 'IsNaN'
  | 'Less'
  | 'LessOrEqual'
  | 'Not'
  | 'Or'
  | 'Where'
  | 'Xor'

export type ShapeOperator =
  | 'Concat'
  | 'Expand'
  | 'Flatten'
  | 'Pad'
  | 'Range'
  | 'Reshape'
  | 'Shape'
  | 'Slice'
  | 'Split'
  | 'Squeeze'
  | 'Tile'
  | 'Transpose'
  | 'Trilu'
  | 'Unsqueeze'
  | 'ConstantOfShape'

export type GatherOperator =
  | 'Gather'
  | 'GatherElements'
  | 'GatherND'
  | 'OneHot'
  | 'ScatterElements'
  | 'ScatterND'

export type LinearOperator = 'MatMul' | 'Gemm' | 'Einsum'

export type ReductionOperator =
  | 'ArgMax'
  | 'ArgMin'
  | 'CumSum'
  | 'ReduceMax'
  | 'ReduceMean'
  | 'ReduceMin'
  | 'ReduceProd'
  | 'ReduceSum'
  | 'TopK'

export type NormalizationOperator = 'LayerNormalization' | 'LogSoftmax' | 'Softmax'

export type ActivationOperator = 'Gelu' | 'Relu' | 'Sigmoid' | 'Softplus' | 'Tanh'
